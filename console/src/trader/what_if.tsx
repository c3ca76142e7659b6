/** What somebody wonders: so much more cash, a move or a price, and what is now beside what would be. */

import { Figures } from "./figures.tsx";
import { writeNumber } from "../words.ts";

/** What a document that names no currency has its amounts in. */
const UNNAMED = "quote";

interface Asked {
  value: string;
  onInput: (value: string) => void;
}

export function TopUp({ currency, value, onInput }: Asked & { currency: string }) {
  return (
    <>
      <label for="top-up">Cash added{currency !== UNNAMED && `, ${currency}`}</label>
      <input id="top-up" inputMode="decimal" value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </>
  );
}

interface Dialled extends Asked {
  id: string;
  label: string;
  sliderLabel: string;
  /** What may be typed. */
  typed: [low: number, high: number];
  /** What the slider goes over. */
  slid: [low: number, high: number];
  step: number;
}

/** A number, to be typed or to be moved. */
export function Dial({ id, label, sliderLabel, typed, slid, step, value, onInput }: Dialled) {
  return (
    <>
      <label for={id}>{label}</label>
      <input id={id} type="number" min={typed[0]} max={typed[1]} step="any" value={value} onInput={(event) => onInput(event.currentTarget.value)} />
      <label for={`${id}-slider`} class="unseen">
        {sliderLabel}
      </label>
      <input id={`${id}-slider`} type="range" min={slid[0]} max={slid[1]} step={step} value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </>
  );
}

export type Row = readonly [what: string, now: string, then: string];

export function NowThen({ caption, rows }: { caption: string; rows: readonly Row[] }) {
  return (
    <div role="status">
      <Figures caption={caption} first="What" titles={["Now", "Then"]} rows={rows.map(([what, now, then]) => ({ key: what, head: what, figures: [now, then] }))} />
    </div>
  );
}

/** A move in per cent as the prover takes it. */
export function signMove(percent: string): string {
  return `${percent.startsWith("-") ? "" : "+"}${percent || "0"}%`;
}

export function writeAmount(amount: string, currency: string): string {
  return currency === UNNAMED ? writeNumber(amount) : `${writeNumber(amount)} ${currency}`;
}

/** What the amounts of a table are in. */
export function nameCurrency(currency: string): string {
  return currency === UNNAMED ? "the quote currency" : currency;
}

export function writeOptional(value: string | null, nothing = "none"): string {
  return value === null ? nothing : writeNumber(value);
}
