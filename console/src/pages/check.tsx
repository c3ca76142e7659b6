import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Roots } from "../answers.ts";
import { type Files, type Judgement, judge, type Kind, MOST_BYTES, type PinnedKey, recogniseFile } from "../groth16/judgement.ts";
import { Refusal } from "../groth16/refusal.ts";
import { describeStatement, explainInput, isUnused } from "../groth16/statement.ts";
import { Digest, Panel } from "../panels.tsx";
import { writeNumber } from "../words.ts";

/** A file that was read. */
interface Given {
  name: string;
  data: Uint8Array;
}

type Held = Partial<Record<Kind, Given>>;

const MOST_FILES = 16;
const ENDINGS = [".json", ".claim"];
const KINDS: Record<Kind, string> = { claim: "a claim", proof: "a proof", public: "public inputs", key: "a verifying key" };
const ROOTS: Record<string, keyof Roots> = { book_root: "book", market_root: "market", lock_root: "locks" };

/** A verifier asks these, too, each by the number that it has in every answer. */
const NOT_ASKED = [
  [3, "whether anybody has signed the roots"],
  [4, "whether the roots, and with them the prices, are fresh"],
  [5, "whether it was made for a place that you mean, and for a time that is not over: context is a hash, which cannot be read"],
  [6, "whether a destination asks for this policy"],
  [8, "whether a nullifier was spent before"],
] as const;

/**
 * A proof from a file, checked by this browser. `keys` are those that somebody has pinned whom the page believes, null
 * until they are there; `roots` those that hold now, where the page knows them.
 */
export function CheckPage({ keys, roots = null }: { keys: readonly PinnedKey[] | null; roots?: Roots | null }) {
  const held = useSignal<Held>({});
  const judgement = useSignal<Judgement | null>(null);
  const isChecking = useSignal(false);
  const isOver = useSignal(false);
  const pinned = useRef(keys);
  pinned.current = keys;
  const line = useRef<Promise<void>>(Promise.resolve());

  /** One after the other: what is given while something is checked waits for it. */
  function inTurn(change: () => Promise<Held>): void {
    const check = async () => {
      [isChecking.value, judgement.value] = [true, null];
      try {
        held.value = await change();
        await paint();
        if (pinned.current !== null && isWhole(held.value)) judgement.value = await judge(select(held.value), pinned.current);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        judgement.value = { valid: false, refusal: error, key: null, tried: 0 };
      } finally {
        isChecking.value = false;
      }
    };
    line.current = line.current.then(check, check);
  }

  function take(find: () => Promise<readonly File[]>): void {
    inTurn(async () => combine(held.value, await readFiles(await find())));
  }

  useEffect(() => {
    const over = (event: DragEvent) => {
      event.preventDefault();
      isOver.value = true;
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && (isOver.value = false);
    const drop = (event: DragEvent) => {
      event.preventDefault();
      isOver.value = false;
      take(noteDropped(event.dataTransfer));
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);

  useEffect(() => {
    if (isWhole(held.value)) inTurn(async () => held.value);
  }, [keys === null]);

  const told = judgement.value;
  return (
    <>
      <h1 tabIndex={-1}>Check a proof</h1>
      <p>
        What <code>ringfence prove</code> or snarkjs wrote: <code>proof.json</code> and <code>public.json</code>. Or a claim as programs hand it on: one{" "}
        <code>.claim</code> file. The files stay in this browser, which checks them itself.
      </p>
      <div class="panels">
        <Panel title="Files">
          <div class={isOver.value ? "drop over" : "drop"}>
            <label for="files">Drop them anywhere on this page, or choose them</label>
            <input
              id="files"
              type="file"
              multiple
              accept={[...ENDINGS, "application/json"].join()}
              disabled={keys === null}
              onChange={(event) => {
                const chosen = [...(event.currentTarget.files ?? [])];
                event.currentTarget.value = "";
                take(async () => chosen);
              }}
            />
          </div>
          <Chosen held={held.value} />
          {(told || Object.keys(held.value).length > 0) && <button onClick={() => inTurn(async () => ({}))}>Begin anew</button>}
        </Panel>
        <Panel title="Answer">
          <div role="status" class="verdict">
            {isChecking.value ? <p>Checking.</p> : <Answer judgement={told} held={held.value} isWaiting={keys === null} />}
          </div>
        </Panel>
        {told?.valid && <Revealed judgement={told} roots={roots} />}
        {told?.valid && <NotAsked />}
        <Pinned keys={keys} />
      </div>
    </>
  );
}

function Chosen({ held }: { held: Held }) {
  const rows = (Object.keys(KINDS) as Kind[]).flatMap((kind) => (held[kind] ? [{ kind, ...held[kind] }] : []));
  if (rows.length === 0) return null;
  return (
    <ul>
      {rows.map(({ kind, name, data }) => (
        <li key={kind}>
          <code>{name}</code>, {KINDS[kind]}: {writeNumber(data.length)} bytes
        </li>
      ))}
    </ul>
  );
}

function Answer({ judgement, held, isWaiting }: { judgement: Judgement | null; held: Held; isWaiting: boolean }) {
  if (isWaiting) return <p class="notice">Nobody has told this page yet which keys are pinned.</p>;
  if (judgement === null) return <p class="notice">{sayMissing(held)}</p>;
  if (!judgement.valid) return <Refused judgement={judgement} />;
  const { key, inputs } = judgement;
  return (
    <>
      <p class="good large">
        <span aria-hidden="true">{"\u2713"}</span> Valid
      </p>
      {key.development && <p class="bad">The key was made for development: whoever has its file can prove anything under it.</p>}
      <ul>
        {describeStatement(key.statement, inputs).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <p>
        Under the pinned key of <strong>{key.statement}</strong>, <Digest digits={key.id} />; computed in {Math.max(1, Math.round(judgement.milliseconds))} ms.
      </p>
      <p>A valid proof is no acceptance: what a verifier asks besides is below.</p>
    </>
  );
}

function sayMissing(held: Held): string {
  if (held.proof) return "The public inputs of this proof are missing: public.json, which stands beside it.";
  if (held.public) return "The proof of these inputs is missing: proof.json, which stands beside them.";
  return "No proof yet.";
}

function Refused({ judgement: { refusal, key, tried } }: { judgement: Judgement & { valid: false } }) {
  return (
    <>
      <p class="bad large">
        <span aria-hidden="true">{"\u2717"}</span> Refused: <code>{refusal.reason}</code>
      </p>
      <dl>
        <dt>In</dt>
        <dd>
          <code>{refusal.field || "the whole"}</code>
        </dd>
        <dt>Found</dt>
        <dd>
          <code class="whole">{refusal.found}</code>
        </dd>
        <dt>Expected</dt>
        <dd>{refusal.expected}</dd>
      </dl>
      {key && (
        <p>
          Under the pinned key of <strong>{key.statement}</strong>, <Digest digits={key.id} />.
        </p>
      )}
      {tried > 1 && <p>Under none of the {tried} pinned keys.</p>}
      {tried === 0 && refusal.reason !== "V23_KEY_NOT_PINNED" && <Taken />}
      {refusal.reason === "V23_KEY_NOT_PINNED" && <p>A key that comes with a proof says nothing: anybody can make one. Only pinned keys are used.</p>}
    </>
  );
}

function Taken() {
  return (
    <p>
      Taken are JSON as snarkjs and <code>ringfence prove</code> write it, <code>proof.json</code> with <code>public.json</code> and perhaps{" "}
      <code>verification_key.json</code>; or one claim in the bytes of its message <code>ringfence.v1.Claim</code>. An archive has to be unpacked first.
    </p>
  );
}

function Revealed({ judgement: { key, names, inputs }, roots }: { judgement: Judgement & { valid: true }; roots: Roots | null }) {
  return (
    <Panel title="Revealed, and nothing else" wide>
      <table>
        <thead>
          <tr>
            <th scope="col">Public input</th>
            <th scope="col">Value</th>
            <th scope="col">What it is</th>
          </tr>
        </thead>
        <tbody>
          {inputs.map((value, place) => {
            const name = names[place] ?? "";
            return (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>
                  <code class="whole">{String(value)}</code>
                </td>
                <td>{explainValue(key.statement, name, value, roots)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}

function explainValue(statement: string, name: string, value: bigint, roots: Roots | null): string {
  if (isUnused(name, value)) return "not used by this statement";
  const root = ROOTS[name];
  const now = root && roots ? `; ${isHeld(roots[root]?.root, value) ? "the one" : "not the one"} that the verifier holds now` : "";
  return `${explainInput(statement, name, value)}${now}`;
}

function isHeld(digits: string | undefined, value: bigint): boolean {
  return digits !== undefined && BigInt(`0x${digits}`) === value;
}

function NotAsked() {
  return (
    <Panel title="What was not asked here">
      <p>This browser made steps 1, 2 and 7 of a verifier: that it can be read, that its key is allowed, that the proof is valid. Not made were</p>
      <dl class="numbered">
        {NOT_ASKED.map(([step, question]) => (
          <>
            <dt>{step}</dt>
            <dd>{question}</dd>
          </>
        ))}
      </dl>
    </Panel>
  );
}

function Pinned({ keys }: { keys: readonly PinnedKey[] | null }) {
  const untold = keys?.some((key) => key.canonical === "") ?? false;
  return (
    <Panel title="Pinned keys">
      {untold && <p class="notice">The verifier names keys and does not tell them: it is of an earlier release. With those nothing can be checked here.</p>}
      {keys && (
        <table>
          <thead>
            <tr>
              <th scope="col">Statement</th>
              <th scope="col">Key</th>
              <th scope="col">Kind</th>
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => (
              <tr key={key.id}>
                <th scope="row">{key.statement}</th>
                <td>
                  <Digest digits={key.id} />
                </td>
                <td>{key.development ? "for development: proves nothing to others" : "not marked as made for development"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

// --- Files ---------------------------------------------------------------------------------------------

async function readFiles(files: readonly File[]): Promise<Held> {
  if (files.length > MOST_FILES) throw new Refusal("V02_TOO_LARGE", "files", `${files.length} files`, `at most ${MOST_FILES} files`);
  const found: Held = {};
  for (const file of files) {
    const data = await readFile(file);
    const kind = recogniseFile(data, file.name);
    if (kind === null) continue;
    if (found[kind]) throw new Refusal("DUPLICATE_FIELD", file.name, `${KINDS[kind]} beside another`, "one of each kind");
    found[kind] = { name: file.name, data };
  }
  if (files.length > 0 && Object.keys(found).length === 0)
    throw new Refusal("V06_WRONG_SHAPE", files[0]?.name ?? "", "another document", "a claim, a proof, its public inputs or a verifying key");
  return found;
}

/** What was found joins what is held; a claim is whole, and what was held before is of another one. */
function combine(held: Held, found: Held): Held {
  const { claim, ...parts } = found;
  if (claim === undefined) {
    const { claim: _, ...before } = held;
    return Object.keys(parts).length === 0 ? held : { ...before, ...parts };
  }
  if (Object.keys(parts).length > 0) throw new Refusal("CONFLICTING_FIELDS", claim.name, "a claim beside parts of one", "a claim alone, or its parts");
  return { claim };
}

/** Whether all is there that a proof is checked with. */
function isWhole({ claim, proof, public: inputs }: Held): boolean {
  return claim !== undefined || (proof !== undefined && inputs !== undefined);
}

/** Nothing is read of a file that is too large. */
async function readFile(file: File): Promise<Uint8Array> {
  if (file.size > MOST_BYTES) throw new Refusal("V02_TOO_LARGE", file.name, `${file.size} bytes`, `at most ${MOST_BYTES} bytes`);
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Refusal("V01_NOT_READABLE", file.name, "a file that cannot be opened", "a readable file");
  }
}

/**
 * The files that were dropped, and the documents of a folder that was: `ringfence prove` leaves one. What was dropped can be
 * looked at in this moment alone; a folder is opened later.
 */
function noteDropped(transfer: DataTransfer | null): () => Promise<File[]> {
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  const folders = entries.filter((entry): entry is FileSystemDirectoryEntry => entry?.isDirectory ?? false);
  const files = [...(transfer?.files ?? [])].filter((_, place) => !entries[place]?.isDirectory);
  return async () => [...files, ...(await Promise.all(folders.map(listFolder))).flat()];
}

/** A reader of a folder gives some entries at a time, and none at its end. */
async function listFolder(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const [reader, found]: [FileSystemDirectoryReader, FileSystemFileEntry[]] = [folder.createReader(), []];
  try {
    while (found.length <= MOST_FILES) {
      const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (entries.length === 0) break;
      found.push(...entries.filter((entry): entry is FileSystemFileEntry => entry.isFile && ENDINGS.some((ending) => entry.name.endsWith(ending))));
    }
    return await Promise.all(found.map((entry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))));
  } catch {
    throw new Refusal("V01_NOT_READABLE", folder.name, "a folder that cannot be opened", "a readable folder");
  }
}

function select(held: Held): Files {
  return Object.fromEntries(Object.entries(held).map(([kind, { data }]) => [kind, data]));
}

/** Let the page be seen once more before the curve takes its moment. */
function paint(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}
