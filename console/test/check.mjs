// Holds what the browser checks with against the vectors on standard input; the verdict goes to standard output.
import { digestOf, readAttestation, verifyAttestation, writeAttestation } from "../src/attestation.ts";
import { readEntry } from "../src/entry.ts";
import { readNote, verifyNote } from "../src/note.ts";
import { hashLeaf, readHex, verifyConsistency, verifyInclusion, writeHex } from "../src/proofs.ts";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { attestations, statements, inclusion, consistency, entries, notes } = JSON.parse(Buffer.concat(chunks).toString());

async function holds(check) {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
}

async function weigh({ document, leaf, index, pinned }) {
  try {
    const { signedBy, signedForChainBy } = await verifyAttestation(document, readEntry(readHex(leaf)), index, pinned);
    return { signedBy, signedForChainBy };
  } catch (error) {
    return error.message;
  }
}

const verdict = {
  attestations: await Promise.all(attestations.map(weigh)),
  statements: await Promise.all(
    statements.map(async (statement) => {
      const said = readAttestation(readHex(statement));
      const isForChain = said.contract.length === 40;
      return { again: writeHex(writeAttestation(said)), digest: isForChain ? writeHex(await digestOf(said, readHex(statement))) : null };
    }),
  ),
  inclusion: await Promise.all(
    inclusion.map(({ leaf, index, size, path, root }) =>
      holds(async () => verifyInclusion(await hashLeaf(readHex(leaf)), index, size, path.map(readHex), readHex(root))),
    ),
  ),
  consistency: await Promise.all(
    consistency.map(({ size, larger, root, largerRoot, path }) =>
      holds(() => verifyConsistency(size, larger, readHex(root), readHex(largerRoot), path.map(readHex))),
    ),
  ),
  entries: entries.map((leaf) => {
    try {
      return readEntry(readHex(leaf));
    } catch {
      return null;
    }
  }),
  notes: await Promise.all(
    notes.map(async ({ note, origin, key }) => {
      try {
        return { head: readNote(note), signed: await holds(() => verifyNote(note, origin, key)) };
      } catch {
        return null;
      }
    }),
  ),
  bytes: writeHex(readHex("00ff10")),
};
process.stdout.write(JSON.stringify(verdict));
