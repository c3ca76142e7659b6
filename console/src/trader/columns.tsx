/** A column for each scenario, and amounts that are the same in all of them. */

import { type Around, BOTTOM, HEIGHT, LEFT, Picture, RIGHT, scaleOf, WIDTH } from "./picture.tsx";

const GAP = 0.14;
const ROW = 14;
const BELOW = 16;

export interface Column {
  name: string;
  /** What stands below it, one under the other. */
  below: string[];
  money: string;
  /** What it would be after a change: a line across. */
  then: string;
  isWorst: boolean;
}

/** An amount that is the same in all of them. */
export interface Level {
  kind: string;
  name: string;
  money: string;
}

interface Drawn {
  columns: Column[];
  levels: Level[];
  /** What stands below the columns, row by row. */
  rows: string[];
  /** What a column is. */
  of: string;
  /** What the line across it is, where something has changed. */
  then: string | null;
}

export function ColumnChart({ columns, levels, rows, of, then, ...around }: Around & Drawn) {
  const amounts = [...levels.map(({ money }) => money), ...columns.flatMap((column) => [column.money, ...(then === null ? [] : [column.then])])];
  const scale = scaleOf([0, columns.length], amounts.map(Number));
  const ground = scale.y(0);
  const legend = [
    ...levels.map(({ kind, name }) => ({ kind: `curve ${kind}`, name })),
    { kind: "column", name: of },
    { kind: "column worst", name: "the same in the worst one" },
    ...(then === null ? [] : [{ kind: "curve then", name: then }]),
  ];
  return (
    <Picture {...around} scale={scale} legend={legend}>
      <g class="axes">
        {rows.map((row, place) => (
          <text key={row} x={LEFT - 8} y={HEIGHT - BOTTOM + BELOW + place * ROW} text-anchor="end">
            {row}
          </text>
        ))}
      </g>
      {columns.map((column, place) => {
        const [left, right, top] = [scale.x(place + GAP), scale.x(place + 1 - GAP), scale.y(Number(column.money))];
        const after = scale.y(Number(column.then));
        return (
          <g key={column.name} class="axes">
            <rect class={column.isWorst ? "column worst" : "column"} x={left} y={top} width={right - left} height={ground - top} />
            {then !== null && <polyline class="curve then" points={`${left - 3},${after} ${right + 3},${after}`} />}
            {column.below.map((text, row) => (
              <text key={row} x={(left + right) / 2} y={HEIGHT - BOTTOM + BELOW + row * ROW} text-anchor="middle">
                {text}
              </text>
            ))}
          </g>
        );
      })}
      {levels.map(({ kind, money }) => (
        <polyline key={kind} class={`curve ${kind}`} points={`${LEFT},${scale.y(Number(money))} ${WIDTH - RIGHT},${scale.y(Number(money))}`} />
      ))}
    </Picture>
  );
}
