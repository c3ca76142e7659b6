import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, type Row, type Rows } from "../answers.ts";
import { anew, changed, log, parts } from "../live.ts";
import { Countdown, Digest, Notice, State } from "../panels.tsx";
import { writeMoment, writeNumber } from "../words.ts";

/** A screen reader reads all of it out, so that what changes is said once in so long, at the most. */
const SILENT_MILLISECONDS = 10_000;
const LOOK_MILLISECONDS = 1000;
/** So many the console sends; a page that stays open keeps no more of them. */
const MOST_ROWS = 200;
const STATES = ["live", "accepted", "refreshed", "released", "lapsed", "seized"];

export function Acceptances() {
  const state = useSignal("");
  const words = useSignal("");
  const rows = useSignal<Row[]>([]);
  const more = useSignal(false);
  const failure = useSignal("");
  const told = useSignal("");
  const seen = useRef(changed.peek());
  const unsaid = useRef<Row[]>([]);
  /** What the stream has told since the console was asked: an answer may be older. */
  const arrived = useRef<Row[]>([]);

  const fits = (row: Row) =>
    (state.peek() === "" || row.state === state.peek() || (state.peek() === "live" && row.live)) &&
    (row.id.includes(words.peek()) || (row.position_tag ?? "").includes(words.peek()));

  function show(told: readonly Row[]): void {
    const fitting = keepNewest(told).filter(fits);
    rows.value = fitting.slice(0, MOST_ROWS);
    if (fitting.length > MOST_ROWS) more.value = true;
  }

  useEffect(() => {
    let current = true;
    arrived.current = [];
    const query = new URLSearchParams({ state: state.value, words: words.value });
    ask<Rows>(`api/acceptances?${query}`).then(
      (found) => {
        if (!current) return;
        [more.value, failure.value] = [found.more, ""];
        show([...found.acceptances, ...arrived.current]);
      },
      (error: Error) => current && (failure.value = error.message),
    );
    return () => {
      current = false;
    };
  }, [state.value, words.value, anew.value]);

  useSignalEffect(() => {
    const row = changed.value;
    if (row === null || row === seen.current) return;
    seen.current = row;
    arrived.current = keepNewest([...arrived.current, row]).slice(0, MOST_ROWS);
    show([...rows.peek(), row]);
    unsaid.current.push(row);
  });

  useEffect(() => {
    let said = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - said < SILENT_MILLISECONDS) return;
      const [row, ...others] = unsaid.current.splice(0);
      if (row === undefined) return;
      said = performance.now();
      told.value = others.length === 0 ? `${row.id.slice(0, 10)} is ${row.state}` : `${others.length + 1} changes of acceptances`;
    }, LOOK_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);

  return (
    <>
      <h1 tabIndex={-1}>Acceptances</h1>
      <Notice part={parts.value.log} />
      {parts.value.acceptances?.kind !== "good" && (
        <Notice part={parts.value.acceptances} also="What follows is what the log says, which has everything but where an acceptance is good." />
      )}
      <form class="filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          State{" "}
          <select value={state.value} onChange={(event) => (state.value = event.currentTarget.value)}>
            <option value="">any</option>
            {STATES.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Digits of an id or tag{" "}
          <input
            type="search"
            spellcheck={false}
            maxLength={64}
            pattern="[0-9a-f]*"
            value={words.value}
            onInput={(event) => (words.value = event.currentTarget.value.trim().toLowerCase())}
          />
        </label>
      </form>
      <p class="told" role="status" aria-live="polite">
        {told.value}
      </p>
      {failure.value && (
        <p class="notice bad" role="alert">
          {failure.value}
        </p>
      )}
      <div class="scroll" role="region" aria-label="Acceptances" tabIndex={0}>
        <table class="wide">
          <caption>
            The one that changed last first{log.value ? `; ${writeNumber(log.value.acceptances)} in the log, ${writeNumber(log.value.live)} live` : ""}
          </caption>
          <thead>
            <tr>
              <th scope="col">Acceptance</th>
              <th scope="col">State</th>
              <th scope="col">Time to lapse</th>
              <th scope="col" class="number">Locks held</th>
              <th scope="col" class="number">Changes</th>
              <th scope="col">Accepted</th>
              <th scope="col">Where it is good</th>
              <th scope="col" class="number">Leaf</th>
            </tr>
          </thead>
          <tbody>
            {rows.value.map((row) => (
              <tr key={row.id}>
                <th scope="row">
                  <a href={`#/acceptances/${row.id}`}>
                    <Digest digits={row.id} />
                  </a>
                </th>
                <td>
                  <State name={row.state} />
                </td>
                <td>{row.live ? <Countdown until={row.lapses_at} since={row.changed_at} label="Time to lapse" /> : ""}</td>
                <td class="number">{row.locks}</td>
                <td class="number">{row.revision}</td>
                <td>{writeMoment(row.accepted_at)}</td>
                <td>
                  {row.terms ? (
                    <>
                      <Digest digits={row.terms.contract} /> on {row.terms.chain_id}
                    </>
                  ) : (
                    "not told"
                  )}
                </td>
                <td class="number">{writeNumber(row.log_index)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.value.length === 0 && !failure.value && <p class="notice">None.</p>}
      {more.value && <p class="notice">There are more: narrow them down by their digits.</p>}
    </>
  );
}

/** Each once, as it was after its newest leaf, and the one that changed last first. */
function keepNewest(told: readonly Row[]): Row[] {
  const newest = new Map<string, Row>();
  for (const row of told) if (row.log_index >= (newest.get(row.id)?.log_index ?? 0)) newest.set(row.id, row);
  return [...newest.values()].sort((one, other) => other.log_index - one.log_index);
}
