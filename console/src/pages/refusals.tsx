/** What the verifier counts: proofs a second, answers by step, and refusals by reason with whose they are to mend. */

import type { Measures } from "../answers.ts";
import { measures, parts } from "../live.ts";
import { Notice, Panel } from "../panels.tsx";
import { OF_CALLS, OF_CLAIMS, TO_MEND } from "../reasons.ts";
import { writeNumber, writeRoughly } from "../words.ts";

const REFUSED = "refused_";
const STEPS: Record<string, string> = {
  well_formed: "1, cannot be read",
  key_allowed: "2, a key that is not allowed",
  roots_known: "3, roots that nobody signed",
  roots_fresh: "4, roots that are too old",
  context_mine: "5, good for another place or time",
  policy_suffices: "6, another policy than is asked for",
  proof_valid: "7, no valid proof",
  unused: "8, a lock that was used",
  sign: "9, not signed",
};

export function Claims() {
  const said = measures.value;
  return (
    <Panel title="Proofs">
      <Notice part={parts.value.measures} />
      {said && <Rates rates={said.milli_rates} seconds={said.recent_seconds} claims={said.claims.reduce((count, each) => count + each.recent, 0)} />}
      {said && <Answers claims={said.claims} />}
      {said?.alarms.some((each) => each.count > 0) && (
        <p class="notice bad" role="alert">
          Alarms of the signer: {said.alarms.filter((each) => each.count > 0).map((each) => `${each.alarm} ${each.count}`).join(", ")}
        </p>
      )}
    </Panel>
  );
}

function Rates({ rates, seconds, claims }: { rates: number[]; seconds: number; claims: number }) {
  const newest = (rates.at(-1) ?? 0) / 1000;
  const top = Math.max(1000, ...rates);
  const points = rates.map((rate, place) => `${(300 * place) / Math.max(1, rates.length - 1)},${58 - (56 * rate) / top}`);
  return (
    <figure>
      <figcaption>
        <strong class="large">{newest.toFixed(1)}</strong> proofs a second now, {writeNumber(claims)} in {writeRoughly(seconds)}
      </figcaption>
      <svg class="rates" viewBox="0 0 300 60" preserveAspectRatio="none" role="img" aria-label={`Proofs a second over ${writeRoughly(seconds)}, at most ${Math.max(0, ...rates) / 1000}`}>
        <polyline points={points.join(" ")} vector-effect="non-scaling-stroke" />
      </svg>
    </figure>
  );
}

function writeOutcome(outcome: string): string {
  const step = stepOf(outcome);
  return step === outcome ? outcome : `refused in step ${STEPS[step] ?? step}`;
}

function stepOf(outcome: string): string {
  return outcome.startsWith(REFUSED) ? outcome.slice(REFUSED.length) : outcome;
}

function Answers({ claims }: { claims: Measures["claims"] }) {
  if (claims.length === 0) return <p>No claim was answered since the verifier began.</p>;
  const answers = sum(claims, (each) => [each.purpose, each.outcome]);
  return (
    <table>
      <caption>Claims since the verifier began</caption>
      <thead>
        <tr>
          <th scope="col">To</th>
          <th scope="col">Answer</th>
          <th scope="col" class="number">Claims</th>
        </tr>
      </thead>
      <tbody>
        {answers.map(({ key: [purpose = "", outcome = ""], count }) => (
          <tr key={`${purpose} ${outcome}`}>
            <th scope="row">{purpose}</th>
            <td class={outcome === "valid" ? "" : "refused"}>{writeOutcome(outcome)}</td>
            <td class="number">{writeNumber(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Refusal {
  key: string;
  where: string;
  reason: string;
  means: string;
  mend: string;
  count: number;
  recent: number;
}

export function Refusals() {
  const said = measures.value;
  const refusals = said ? [...listClaims(said.claims), ...listCalls(said.calls)] : [];
  const lately = writeRoughly(said?.recent_seconds ?? 0);
  const most = Math.max(1, ...refusals.map((each) => each.recent));
  return (
    <Panel title="Refusals by reason" wide>
      <Notice part={parts.value.measures} />
      {said && refusals.length === 0 && <p>Nothing was refused since the verifier began.</p>}
      {refusals.length > 0 && (
        <table class="refusals">
          <caption>What was refused, the most of {lately} first</caption>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">Where</th>
              <th scope="col">What it means</th>
              <th scope="col">Whose to mend</th>
              <th scope="col" class="number">In {lately}</th>
              <th scope="col" class="number">Since it began</th>
            </tr>
          </thead>
          <tbody>
            {refusals.sort((one, other) => other.recent - one.recent || other.count - one.count).map((each) => (
              <tr key={each.key}>
                <th scope="row">
                  <code>{each.reason}</code>
                </th>
                <td>{each.where}</td>
                <td>{each.means}</td>
                <td>{each.mend}</td>
                <td class="number">
                  <span class="barred">
                    <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                      <rect width={(100 * each.recent) / most} height="10" />
                    </svg>
                    {writeNumber(each.recent)}
                  </span>
                </td>
                <td class="number">{writeNumber(each.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** Claims that a step said no to, whatever they were for. */
function listClaims(claims: Measures["claims"]): Refusal[] {
  const refused = claims.filter((each) => each.outcome.startsWith(REFUSED));
  return sum(refused, (each) => [stepOf(each.outcome), each.reason]).map(({ key: [step = "", reason = ""], count, recent }) => ({
    key: `step ${step} ${reason}`,
    where: `a claim, step ${STEPS[step]?.[0] ?? step}`,
    reason,
    means: OF_CLAIMS[reason] ?? "",
    mend: TO_MEND[step] ?? "",
    count,
    recent,
  }));
}

/** Calls that were not answered, or ended before they were. */
function listCalls(calls: Measures["calls"]): Refusal[] {
  return calls.map(({ code, reason, count, recent }) => ({
    key: `code ${code} ${reason}`,
    where: `a call, ${code}`,
    reason,
    means: OF_CALLS[reason] ?? OF_CLAIMS[reason] ?? "",
    mend: TO_MEND[code] ?? "",
    count,
    recent,
  }));
}

/** Counters that have the same key, as one. */
function sum<T extends { count: number; recent: number }>(
  counted: readonly T[],
  keyOf: (each: T) => string[],
): { key: string[]; count: number; recent: number }[] {
  const sums = new Map<string, { key: string[]; count: number; recent: number }>();
  for (const each of counted) {
    const key = keyOf(each);
    const before = sums.get(key.join(" "));
    sums.set(key.join(" "), { key, count: each.count + (before?.count ?? 0), recent: each.recent + (before?.recent ?? 0) });
  }
  return [...sums.values()];
}
