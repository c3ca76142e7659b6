/** The few pieces that every page is made of. */

import type { ComponentChildren } from "preact";
import type { Part } from "./answers.ts";
import { now } from "./live.ts";
import { shorten, writeAge, writeMoment, writeSpan } from "./words.ts";

export function Panel({ title, children, wide = false }: { title: string; children: ComponentChildren; wide?: boolean }) {
  const id = `panel-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return (
    <section class={wide ? "panel wide" : "panel"} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

export function Digest({ digits }: { digits: string }) {
  return (
    <code class="digest" title={digits}>
      {shorten(digits)}
    </code>
  );
}

export function State({ name }: { name: string }) {
  return <span class={`state ${name}`}>{name}</span>;
}

/** When something was: how long ago, and the moment itself for whoever points at it. */
export function Ago({ moment }: { moment: number }) {
  return (
    <time class="moment" dateTime={new Date(1000 * moment).toISOString()} title={writeMoment(moment)}>
      {writeAge(now.value - moment)}
    </time>
  );
}

/** Until a moment: what is left of it as a clock, and as a bar where it is known how long it was. */
export function Countdown({ until, since, label }: { until: number; since?: number; label: string }) {
  const left = until - now.value;
  const whole = since === undefined ? 0 : until - since;
  return (
    <span class={left <= 0 ? "countdown over" : "countdown"} title={writeMoment(until)}>
      <span>{writeSpan(left)}</span>
      {whole > 0 && <meter min={0} max={whole} low={whole / 5} value={Math.max(0, left)} aria-label={label} />}
    </span>
  );
}

const WHY: Record<Exclude<Part["kind"], "good">, string> = {
  denied: "The certificate that the console was started with has no role that may see this.",
  absent: "The console was not told where the verifier shows its metrics (--metrics).",
  unreachable: "Nobody answers.",
  failed: "The verifier could not answer.",
  broken: "An answer of the verifier does not hold, and nothing more is asked of it.",
};

/** Why there is nothing to see, or nothing newer. */
export function Notice({ part, also = "" }: { part: Part | undefined; also?: string }) {
  if (part === undefined) return <p class="notice">Waiting for the first answer.</p>;
  if (part.kind === "good") return null;
  const because = [part.reason, part.field, part.expected].filter(Boolean).join(", ");
  return (
    <p class={part.kind === "broken" ? "notice bad" : "notice"} role={part.kind === "broken" ? "alert" : undefined}>
      {WHY[part.kind]} {also}
      {because && part.kind !== "denied" && <small> ({because})</small>}
    </p>
  );
}
