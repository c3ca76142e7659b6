import { useEffect, useState } from "preact/hooks";
import { writeMoment } from "../words.ts";
import type { Proof } from "./answers.ts";
import { ask, save, tell } from "./asking.ts";
import { Refused } from "./refused.tsx";

const GLANCE_MILLISECONDS = 250;
const STATES: Record<string, string> = {
  queued: "waits for a worker",
  running: "is being made",
  succeeded: "was made and verified",
  failed: "was not made",
  cancelled: "was cancelled",
};

/** Look until it is over. */
export async function follow(proof: Proof, show: (proof: Proof) => void): Promise<void> {
  show(proof);
  for (let seen = proof; !seen.over; show(seen)) {
    await new Promise((resolve) => setTimeout(resolve, GLANCE_MILLISECONDS));
    seen = await ask<Proof>(`api/proofs/${proof.id}`);
  }
}

export function Progress({ proof, shown, development, onChange }: { proof: Proof; shown: string; development: boolean; onChange: (proof: Proof) => void }) {
  return (
    <section aria-label="The proof">
      <p role="status">
        The proof {STATES[proof.state] ?? proof.state}.{proof.failure && proof.state === "failed" && ` Expected ${proof.failure.expected} (${proof.failure.reason}).`}
      </p>
      {!proof.over && (
        <p class="actions">
          <progress max={1_000_000} value={proof.progress_ppm} aria-label="Progress of the proof" />
          <button onClick={() => void tell<Proof>(`api/proofs/${proof.id}/cancel`, {}).then(onChange)}>Cancel</button>
        </p>
      )}
      {proof.claim_id !== null && (
        <>
          {proof.claim_id === shown && (
            <p class="good">
              It tells what was shown and nothing else: claim <code class="whole">{proof.claim_id}</code>
            </p>
          )}
          <Files proof={proof} development={development} />
        </>
      )}
    </section>
  );
}

function Files({ proof, development }: { proof: Proof; development: boolean }) {
  const [failure, setFailure] = useState<unknown>(null);
  const also = development ? " --development" : "";
  return (
    <>
      <p class="actions">
        <button onClick={() => void save(`api/proofs/${proof.id}/claim.zip`, "claim.zip").catch(setFailure)}>Save claim.zip</button>
      </p>
      <Refused error={failure} />
      <p>Verify it, or hand it to a verifier:</p>
      <pre class="commands">
        {`python -m zipfile -e claim.zip .\nringfence verify claim --demand claim/demand.json${also}\nringfence accept claim --demand claim/demand.json --config trader.toml`}
      </pre>
    </>
  );
}

export function Proofs() {
  const [proofs, setProofs] = useState<Proof[] | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    const look = () => ask<{ proofs: Proof[] }>("api/proofs").then((told) => setProofs(told.proofs), setFailure);
    void look();
    const timer = setInterval(() => void look(), 8 * GLANCE_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <h1 tabIndex={-1}>Proofs</h1>
      <p class="told">Those that this prover remembers, by this page or by a program; they are in its memory alone.</p>
      <Refused error={failure} />
      {proofs?.length === 0 && <p class="notice">None.</p>}
      {proofs !== null && proofs.length > 0 && (
        <div class="scroll">
          <table>
            <caption>The newest first</caption>
            <thead>
              <tr>
                <th scope="col">Asked for</th>
                <th scope="col">Statement</th>
                <th scope="col">State</th>
                <th scope="col">Claim</th>
                <th scope="col">Files</th>
              </tr>
            </thead>
            <tbody>
              {proofs.map((proof) => (
                <tr key={proof.id}>
                  <th scope="row">{writeMoment(proof.created_at)}</th>
                  <td>{proof.statement}</td>
                  <td>
                    {STATES[proof.state] ?? proof.state}
                    {proof.state === "failed" && proof.failure && `: ${proof.failure.reason}`}
                  </td>
                  <td>
                    <code>{proof.claim_id?.slice(0, 16)}</code>
                  </td>
                  <td>{proof.claim_id && <button onClick={() => void save(`api/proofs/${proof.id}/claim.zip`, "claim.zip").catch(setFailure)}>Save claim.zip</button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
