import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { ask, type Receipt, type Story as Told } from "../answers.ts";
import { type CheckedAttestation, type Pinned, verifyAttestation } from "../attestation.ts";
import { type Entry, readEntry } from "../entry.ts";
import { changed, trust } from "../live.ts";
import { canVerifySignatures, type Head, readNote, verifyNote } from "../note.ts";
import { Countdown, Digest, Panel, State } from "../panels.tsx";
import { hashLeaf, ProofError, readHex, verifyInclusion } from "../proofs.ts";
import { writeHashes, writeMoment, writeNumber, writePolicy } from "../words.ts";

interface Checked {
  receipt: Receipt;
  entry: Entry | null;
  failure: string;
}

/** The attestation of the last event: what came of checking it, and the very document that was checked. */
interface Attested {
  document: string;
  index: number;
  found: CheckedAttestation | null;
  failure: string;
}

const LIVE = new Set(["accepted", "refreshed"]);
const HAPPENED: Record<string, string> = {
  accept: "Locks were taken as collateral",
  refresh: "A proof of that moment renewed it",
  free: "Locks were let go",
  lapse: "No proof came in time",
  seize: "A lock was seized",
};

export function Story({ id }: { id: string }) {
  const told = useSignal<Told | null>(null);
  const checked = useSignal<Checked[]>([]);
  const attested = useSignal<Attested | null>(null);
  const failure = useSignal("");
  const key = trust.value?.log.key;
  const pinned = trust.value?.pinned;
  const revision = changed.value?.id === id ? changed.value.revision : -1;

  useEffect(() => {
    if (key === undefined || pinned === undefined) return;
    let current = true;
    tell(id, key, pinned).then(
      ([story, events, word]) => {
        if (current) [told.value, checked.value, attested.value, failure.value] = [story, events, word, ""];
      },
      (error: Error) => current && (failure.value = error.message),
    );
    return () => {
      current = false;
    };
  }, [id, key, revision]);

  const story = told.value;
  return (
    <>
      <p>
        <a href="#/acceptances">All acceptances</a>
      </p>
      <h1 tabIndex={-1}>
        Acceptance <code class="whole">{id}</code>
      </h1>
      {failure.value && (
        <p class="notice bad" role="alert">
          {failure.value}
        </p>
      )}
      {story && (
        <>
          <div class="panels">
            <Panel title="As it stands">
              <dl>
                <dt>State</dt>
                <dd>
                  <State name={story.state} />
                </dd>
                <dt>Time to lapse</dt>
                <dd>{story.live ? <Countdown until={story.lapses_at} since={story.changed_at} label="Time to lapse" /> : "\u2013"}</dd>
                <dt>Locks held</dt>
                <dd>{story.locks}</dd>
                <dt>Position tag</dt>
                <dd>{story.position_tag ? <Digest digits={story.position_tag} /> : "not told"}</dd>
              </dl>
            </Panel>
            <Panel title="Where it is good">
              {story.terms ? (
                <dl>
                  <dt>Contract</dt>
                  <dd>
                    <Digest digits={story.terms.contract} /> on chain {story.terms.chain_id}
                  </dd>
                  <dt>For</dt>
                  <dd>
                    <Digest digits={story.terms.recipient} />
                  </dd>
                  <dt>Proved last</dt>
                  <dd>{story.terms.policy ? writePolicy(story.terms.policy) : "a release"}</dd>
                  <dt>Verifying key</dt>
                  <dd>
                    <Digest digits={story.terms.key_id} />
                    {story.terms.development && <span class="bad"> for development: proves nothing</span>}
                  </dd>
                </dl>
              ) : (
                <p class="notice">The role of this console may not see it: the log has only its hash.</p>
              )}
            </Panel>
          </div>
          <Panel title="Signed attestation" wide>
            {attested.value ? (
              <Word attested={attested.value} />
            ) : (
              <p class="notice">The role of this console may not have it: it is for whom the acceptance is pledged to, for venues, and for whoever asked for it.</p>
            )}
          </Panel>
          <Panel title="What happened" wide>
            <p>
              Each event is read from a leaf of the log, and this browser has computed the way from it to the root of {writeNumber(story.head.size)} leaves,{" "}
              <Digest digits={story.head.root} />.{story.earlier > 0 && ` ${story.earlier} events before these are not shown.`}
            </p>
            <ol class="events">
              {checked.value.map(({ receipt, entry, failure: wrong }) => (
                <li key={receipt.index}>
                  {entry ? <Event entry={entry} receipt={receipt} /> : <span class="bad">Leaf {receipt.index} does not hold: {wrong}</span>}
                </li>
              ))}
            </ol>
          </Panel>
        </>
      )}
    </>
  );
}

function Word({ attested: { document, index, found, failure } }: { attested: Attested }) {
  if (found === null) {
    return (
      <p class="notice bad" role="alert">
        The attestation does not hold, and is not to be relied on: {failure}.
      </p>
    );
  }
  const { attestation, signedBy, signedForChainBy } = found;
  const chain = attestation.chainId.toString();
  return (
    <>
      <ul class="checks">
        <Held>
          its bytes are those that leaf {writeNumber(index)} makes: the <strong>{attestation.state}</strong> state of revision {attestation.revision}, good until {writeMoment(attestation.lapsesAt)}
        </Held>
        {signedBy ? (
          <Held>
            the pinned key <Digest digits={signedBy} /> signed them (Ed25519)
          </Held>
        ) : (
          <li>This browser cannot check Ed25519; the signature was checked by the console alone.</li>
        )}
        {signedForChainBy ? (
          <Held>
            <Digest digits={`0x${signedForChainBy}`} /> signed them for chain {chain} (EIP-712)
          </Held>
        ) : (
          <li>No signature for a chain.</li>
        )}
      </ul>
      <dl>
        <dt>Word of</dt>
        <dd>
          {attestation.verifier} of {attestation.domain}
        </dd>
        <dt>Good at</dt>
        <dd>
          <Digest digits={`0x${attestation.contract}`} /> on chain {chain}, for <Digest digits={`0x${attestation.recipient}`} />
        </dd>
        <dt>Event</dt>
        <dd>
          {attestation.event}, {writeMoment(attestation.moment)}
          {attestation.development && <span class="bad">, by a key for development: nothing was proved</span>}
        </dd>
      </dl>
      <p>
        <Download text={document} name={`attestation-${attestation.acceptance.slice(0, 16)}-${attestation.revision}.json`} />, for <code>ringfence attestation check FILE --anchor ANCHOR</code>
        {!LIVE.has(attestation.state) && <code> --ended</code>}
      </p>
    </>
  );
}

function Held({ children }: { children: ComponentChildren }) {
  return (
    <li class="good">
      <span aria-hidden="true">{"\u2713"}</span> {children}
    </li>
  );
}

/** A link to text that this page has, which asks nobody for it; there once it leads there. */
function Download({ text, name }: { text: string; name: string }) {
  const address = useSignal("");
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    address.value = made;
    return () => URL.revokeObjectURL(made);
  }, [text]);
  if (address.value === "") return null;
  return (
    <a href={address.value} download={name}>
      Download the attestation
    </a>
  );
}

function Event({ entry, receipt }: { entry: Entry; receipt: Receipt }) {
  return (
    <>
      <h3>
        <span class="event">{entry.event}</span> {HAPPENED[entry.event]}
      </h3>
      <p>
        {writeMoment(entry.moment)}, good until {writeMoment(entry.lapsesAt)}; {entry.held.length} held
        {entry.left.length > 0 && `, ${entry.left.length} left`}.
      </p>
      <p class="good">
        <span aria-hidden="true">{"\u2713"}</span> leaf {writeNumber(receipt.index)} is in the log: {writeHashes(receipt.path.length)} on the way to the root
      </p>
      <details>
        <summary>Bytes and proof of leaf {writeNumber(receipt.index)}</summary>
        <dl>
          {entry.claim && (
            <>
              <dt>Claim</dt>
              <dd>
                <code class="whole">{entry.claim.id}</code>
              </dd>
            </>
          )}
          {entry.held.map((nullifier) => (
            <>
              <dt>Nullifier held</dt>
              <dd>
                <code class="whole">{nullifier}</code>
              </dd>
            </>
          ))}
          {entry.left.map((nullifier) => (
            <>
              <dt>Nullifier that left</dt>
              <dd>
                <code class="whole">{nullifier}</code>
              </dd>
            </>
          ))}
          <dt>Leaf</dt>
          <dd>
            <code class="whole">{receipt.leaf}</code>
          </dd>
          <dt>Path</dt>
          <dd>
            {receipt.path.length === 0 ? "none: it is the only leaf" : receipt.path.map((step) => (
              <code class="whole" key={step}>
                {step}
              </code>
            ))}
          </dd>
        </dl>
      </details>
    </>
  );
}

/** A story whose head the pinned key signed, every leaf of which was looked for in its tree, and the last word on it. */
async function tell(id: string, key: string, pinned: Pinned): Promise<[Told, Checked[], Attested | null]> {
  const story = await ask<Told>(`api/acceptances/${id}`);
  const head = (await canVerifySignatures()) ? await verifyNote(story.head.note, story.head.origin, key) : readNote(story.head.note);
  const events = await Promise.all(story.events.map((receipt) => find(receipt, id, head)));
  return [story, events, await weigh(story, events.at(-1), pinned)];
}

/** The attestation is of the last event, whose leaf was found in the log. */
async function weigh(story: Told, last: Checked | undefined, pinned: Pinned): Promise<Attested | null> {
  const [document, index, wrong] = [story.attestation, last?.receipt.index ?? 0, story.attestation_failure];
  if (wrong !== null) return { document: "", index, found: null, failure: [wrong.reason, wrong.field, wrong.expected].filter(Boolean).join(", ") };
  if (document === null) return null;
  try {
    if (!last?.entry) throw new ProofError("the leaf that it is about does not hold");
    return { document, index, found: await verifyAttestation(document, last.entry, index, pinned), failure: "" };
  } catch (error) {
    return { document, index, found: null, failure: error instanceof Error ? error.message : "unreadable" };
  }
}

async function find(receipt: Receipt, id: string, head: Head): Promise<Checked> {
  try {
    const leaf = readHex(receipt.leaf);
    await verifyInclusion(await hashLeaf(leaf), receipt.index, head.size, receipt.path.map(readHex), readHex(head.root));
    const entry = readEntry(leaf);
    return entry.acceptance === id ? { receipt, entry, failure: "" } : { receipt, entry: null, failure: "it is about another acceptance" };
  } catch (error) {
    return { receipt, entry: null, failure: error instanceof Error ? error.message : "unreadable" };
  }
}
