/** What a proof would tell, and the one button that makes it. */

import { type ComponentChildren, Fragment } from "preact";
import { useState } from "preact/hooks";
import { Panel } from "../panels.tsx";
import type { Preview, Proof, Verdict, Wanted } from "./answers.ts";
import { ask, RefusedError, tell } from "./asking.ts";
import { follow, Progress } from "./proofs.tsx";
import { Refused } from "./refused.tsx";
import { useSettled } from "./settled.ts";
import { writeNumber } from "../words.ts";

const NO_SHOCK = "0ppm";

interface Asked {
  name: string;
  locks: string;
  wanted: Wanted;
  /** Whether its statement moves the mark; another is judged at its own worst, and refuses a policy that asks for more. */
  knowsShock: boolean;
}

export function Proving({ name, locks, wanted, knowsShock }: Asked) {
  const [requirement, setRequirement] = useState(wanted.requirement);
  const [shock, setShock] = useState(inPercent(wanted.shock));
  const [buffer, setBuffer] = useState(inPercent(wanted.buffer));
  const [proof, setProof] = useState<Proof | null>(null);
  const [refusal, setRefusal] = useState<unknown>(null);
  const [again, setAgain] = useState(0);
  const query = { name, locks, requirement, shock: `${shock || "0"}%`, buffer: `${buffer || "0"}%` };
  const question = JSON.stringify([query, again]);
  const { value: preview, failure, of } = useSettled(question, () => ask<Preview>("api/preview", query));
  const isCurrent = of === question && failure === null;
  const isBusy = proof !== null && !proof.over;
  const holds = preview?.verdict.holds === true;

  async function prove(shown: Preview): Promise<void> {
    setRefusal(null);
    setProof(null);
    try {
      const begun = await tell<Proof>("api/proofs", { ...query, claim_id: shown.claim_id, request_id: crypto.randomUUID() });
      await follow(begun, setProof);
    } catch (error) {
      setRefusal(error);
      if (error instanceof RefusedError && error.refusal.reason === "WRONG_ROOT") setAgain(again + 1);
    }
  }

  return (
    <div class="panels">
      <Panel title="What to prove">
        <form class="controls" onSubmit={(event) => event.preventDefault()}>
          <label for="requirement">Requirement</label>
          <select id="requirement" value={requirement} onChange={(event) => setRequirement(event.currentTarget.value)}>
            <option value="initial">initial</option>
            <option value="maintenance">maintenance</option>
          </select>
          {(knowsShock || wanted.shock !== NO_SHOCK) && (
            <>
              <label for="proved-shock">even after a move against it of, %</label>
              <input id="proved-shock" inputMode="decimal" value={shock} onInput={(event) => setShock(event.currentTarget.value)} />
            </>
          )}
          <label for="buffer">with so much of it on top, %</label>
          <input id="buffer" inputMode="decimal" value={buffer} onInput={(event) => setBuffer(event.currentTarget.value)} />
        </form>
        <Refused error={failure} />
        {preview && (
          <>
            <ul class="proves">
              {preview.proves.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
            <Judged verdict={preview.verdict} />
          </>
        )}
      </Panel>
      {preview && (
        <>
          <Hidden preview={preview} />
          <Revealed preview={preview}>
            <p class="actions">
              <button class="prove" disabled={!isCurrent || !holds || isBusy} onClick={() => void prove(preview)}>
                Prove exactly this
              </button>
            </p>
            <Refused error={refusal} />
            {proof && <Progress proof={proof} shown={preview.claim_id} development={preview.development} onChange={setProof} />}
          </Revealed>
        </>
      )}
    </div>
  );
}

function Judged({ verdict }: { verdict: Verdict }) {
  const asked = verdict.asked === null ? "a loss without a limit" : writeNumber(verdict.asked);
  const numbers = `equity ${writeNumber(verdict.equity)} against ${asked}${nameWhere(verdict)}`;
  if (verdict.holds) return <p class="good">It holds: {numbers}. Nobody is told these numbers.</p>;
  return (
    <p class="notice bad" role="alert">
      No proof can be made of it: {numbers}. The rule that it breaks: {verdict.rule}.{Number(verdict.lacked) > 0 && ` It lacks ${writeNumber(verdict.lacked ?? "")}.`}
    </p>
  );
}

function nameWhere({ price, scenario }: Verdict): string {
  if (price !== null) return ` at ${writeNumber(price)}`;
  return scenario === null ? "" : ` in the scenario ${scenario}`;
}

function Revealed({ preview, children }: { preview: Preview; children: ComponentChildren }) {
  return (
    <Panel title="What will be revealed" wide>
      <table>
        <caption>
          To whoever gets the proof: these {preview.revealed.length} numbers, read from the inputs that the proof is made of, under the key <code class="whole">{preview.key_id}</code>
        </caption>
        <thead>
          <tr>
            <th scope="col">Public input</th>
            <th scope="col">Value</th>
            <th scope="col">What it tells</th>
          </tr>
        </thead>
        <tbody>
          {preview.revealed.map(({ name, value, learns }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>
                <code class="whole value">{value}</code>
              </td>
              <td>{learns}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {children}
    </Panel>
  );
}

function Hidden({ preview }: { preview: Preview }) {
  return (
    <Panel title="What stays hidden">
      <dl>
        {preview.hidden.map(({ name, parts, means }) => (
          <Fragment key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              {means} {parts.length > 1 && <small>({parts.join(", ")})</small>}
            </dd>
          </Fragment>
        ))}
      </dl>
    </Panel>
  );
}

/** ``50000ppm`` as a person writes it. */
function inPercent(ppm: string): string {
  return String(Number(ppm.replace("ppm", "")) / 10_000);
}
