/** What every chart has: amounts on the left, something below, a legend, and words for whoever does not see it. */

import type { ComponentChildren } from "preact";
import { writeNumber } from "../words.ts";

export const WIDTH = 960;
export const HEIGHT = 380;
export const LEFT = 92;
export const RIGHT = 16;
export const TOP = 34;
export const BOTTOM = 44;
const TICKS = 5;

export interface Around {
  /** Of which chart of the page it is. */
  id: string;
  title: string;
  /** What the picture shows. */
  says: string;
  /** What stands below. */
  axis: string;
  currency: string;
}

export interface Scale {
  x: (at: number) => number;
  y: (money: number) => number;
  ends: [number, number];
  moneys: [number, number];
}

interface Key {
  /** How it is drawn. */
  kind: string;
  name: string;
}

export function Picture({ id, title, says, axis, currency, scale, legend, children }: Around & { scale: Scale; legend: Key[]; children: ComponentChildren }) {
  return (
    <figure>
      <div class="pan">
        <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={`${id}-title ${id}-said`}>
          <title id={`${id}-title`}>{title}</title>
          <desc id={`${id}-said`}>{says} The table below has the numbers.</desc>
          <g class="axes">
            {ticksOf(...scale.moneys).map((money) => (
              <g key={money}>
                <line class={money === 0 ? "zero" : ""} x1={LEFT} x2={WIDTH - RIGHT} y1={scale.y(money)} y2={scale.y(money)} />
                <text x={LEFT - 8} y={scale.y(money) + 4} text-anchor="end">
                  {writeNumber(money)}
                </text>
              </g>
            ))}
            <text x={WIDTH - RIGHT} y={HEIGHT - 6} text-anchor="end">
              {axis}
            </text>
            <text x={LEFT - 8} y={HEIGHT - 6} text-anchor="end">
              {currency}
            </text>
          </g>
          {children}
        </svg>
      </div>
      <figcaption>
        <ul class="legend">
          {legend.map(({ kind, name }) => (
            <li key={kind}>
              <svg class="key" viewBox="0 0 28 10" aria-hidden="true">
                {kind.startsWith("curve") ? <polyline class={kind} points="0,5 28,5" /> : <rect class={kind} width="28" height="10" />}
              </svg>
              {name}
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

/** Coordinates for what lies between two ends, and amounts of which zero is one. */
export function scaleOf(ends: [number, number], moneys: number[]): Scale {
  const [left, right] = ends;
  const [bottom, top] = [Math.min(0, ...moneys), Math.max(0, ...moneys)];
  return {
    x: (at) => LEFT + ((at - left) / (right - left || 1)) * (WIDTH - LEFT - RIGHT),
    y: (money) => HEIGHT - BOTTOM - ((money - bottom) / (top - bottom || 1)) * (HEIGHT - TOP - BOTTOM),
    ends,
    moneys: [bottom, top],
  };
}

/** A coordinate of an exact number. */
export function asNumber(exact: string): number {
  const [above = "0", below = "1"] = exact.split("/");
  return Number(above) / Number(below);
}

/** Round numbers between two ends. */
export function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}
