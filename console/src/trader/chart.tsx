/** Lines over prices, or over moves of them. Numbers are the prover's; here they become coordinates and nothing else. */

import { writeNumber } from "../words.ts";
import { type Around, asNumber, BOTTOM, HEIGHT, LEFT, Picture, RIGHT, type Scale, scaleOf, ticksOf, TOP, WIDTH } from "./picture.tsx";

/** By its exact points; where there is no amount it has a gap. */
export interface Line {
  kind: string;
  name: string;
  points: [at: string, money: string | null][];
}

/** A place that has a name. */
export interface Mark {
  kind: string;
  at: string;
  says: string;
}

/** A part of what lies below, without an end where it has none. */
export interface Band {
  kind: string;
  name: string;
  from: string;
  to: string | null;
}

interface Drawn {
  lines: Line[];
  marks: Mark[];
  bands?: Band[];
  /** Behind each number below. */
  unit?: string;
}

export function Chart({ lines, marks, bands = [], unit = "", ...around }: Around & Drawn) {
  const points = lines.flatMap((line) => line.points);
  const places = points.map(([at]) => asNumber(at));
  const scale = scaleOf(
    [Math.min(...places), Math.max(...places)],
    points.flatMap(([, money]) => (money === null ? [] : [Number(money)])),
  );
  const seen = bands.flatMap((band) => {
    const [low, high] = spanOf(band, scale);
    return high > low ? [{ ...band, low, high }] : [];
  });
  const legend = [...lines.map(({ kind, name }) => ({ kind: `curve ${kind}`, name })), ...seen.slice(0, 1).map(({ kind, name }) => ({ kind: `band ${kind}`, name }))];
  return (
    <Picture {...around} scale={scale} legend={legend}>
      <g class="axes">
        {ticksOf(...scale.ends).map((at) => (
          <text key={at} x={scale.x(at)} y={HEIGHT - BOTTOM + 18} text-anchor="middle">
            {writeNumber(at)}
            {unit}
          </text>
        ))}
      </g>
      {seen.map(({ kind, low, high }) => (
        <rect key={low} class={`band ${kind}`} x={low} y={TOP} width={high - low} height={HEIGHT - TOP - BOTTOM} />
      ))}
      {lines.map((line) => (
        <polyline key={line.kind} class={`curve ${line.kind}`} points={drawLine(line, scale)} />
      ))}
      {marks.map(({ kind, at, says }, place) => {
        const x = scale.x(asNumber(at));
        return (
          <g key={`${kind} ${at}`} class={`mark ${kind}`}>
            <line x1={x} x2={x} y1={TOP} y2={HEIGHT - BOTTOM} />
            <text x={x} y={place % 2 === 0 ? 12 : 27} text-anchor={anchorOf(x)}>
              {says}
            </text>
          </g>
        );
      })}
    </Picture>
  );
}

function drawLine({ points }: Line, scale: Scale): string {
  return points.flatMap(([at, money]) => (money === null ? [] : [`${scale.x(asNumber(at)).toFixed(2)},${scale.y(Number(money)).toFixed(2)}`])).join(" ");
}

/** As much of a band as there is room for. */
function spanOf({ from, to }: Band, { x, ends: [left, right] }: Scale): [number, number] {
  const end = to === null ? right : asNumber(to);
  return [x(Math.max(left, asNumber(from))), x(Math.min(right, end))];
}

function anchorOf(x: number): "start" | "middle" | "end" {
  if (x < LEFT + 70) return "start";
  return x > WIDTH - RIGHT - 70 ? "end" : "middle";
}
