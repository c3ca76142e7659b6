import { log, parts, trust } from "../live.ts";
import { alarm, check, forget } from "../memory.ts";
import { Notice, Panel } from "../panels.tsx";
import { writeHashes, writeNumber } from "../words.ts";

export function LogPage() {
  const [word, found] = [log.value, check.value];
  return (
    <>
      <h1 tabIndex={-1}>Log {word?.origin ?? ""}</h1>
      <Notice part={parts.value.log} />
      {alarm.value && (
        <div class="notice bad" role="alert">
          <p>
            This log does not continue the one that this browser has seen: {alarm.value}. Keep what you see, ask the operator, and compare with <code>ringfence log witness</code>.
          </p>
          {word && <button onClick={() => forget(word.origin)}>Forget what this browser has seen</button>}
        </div>
      )}
      <div class="panels">
        <Panel title="Head">
          {word && (
            <dl>
              <dt>Leaves</dt>
              <dd class="large">{writeNumber(word.size)}</dd>
              <dt>Root</dt>
              <dd>
                <code class="whole">{word.root}</code>
              </dd>
              <dt>Pinned key</dt>
              <dd>
                <code class="whole">{trust.value?.log.key ?? ""}</code>
              </dd>
              <dt>Acceptances</dt>
              <dd>
                {writeNumber(word.acceptances)}, {writeNumber(word.live)} live
              </dd>
              <dt>Positions changed</dt>
              <dd>{writeNumber(word.transitions)}</dd>
              <dt>Read by the console</dt>
              <dd>{word.replayed ? "from the first leaf: each follows from those before it, and all of them make this root" : `from leaf ${writeNumber(word.first)} on`}</dd>
            </dl>
          )}
        </Panel>
        <Panel title="Checked in this browser">
          {found ? (
            <>
              <p class="good">
                <span aria-hidden="true">{"\u2713"}</span>{" "}
                {found.signature === "good" ? "The pinned key signed this head." : "This browser cannot check Ed25519; the signature was checked by the console alone."}
              </p>
              <p class="good">
                <span aria-hidden="true">{"\u2713"}</span>{" "}
                {found.since
                  ? `It continues the ${writeNumber(found.since.size)} leaves that this browser saw before: ${writeHashes(found.path.length)}.`
                  : "It is the first head that this browser has seen; every later one has to continue it."}
              </p>
            </>
          ) : (
            <p class="notice">Nothing yet.</p>
          )}
          {found && found.path.length > 0 && (
            <details open>
              <summary>
                Consistency proof from {writeNumber(found.since?.size ?? 0)} to {writeNumber(found.head.size)} leaves
              </summary>
              <ol class="steps">
                {found.path.map((step, place) => (
                  <li key={place}>
                    <code class="whole">{step}</code>
                  </li>
                ))}
              </ol>
            </details>
          )}
        </Panel>
        <Panel title="Signed note" wide>
          {word && <pre tabIndex={0}>{word.note}</pre>}
        </Panel>
      </div>
    </>
  );
}
