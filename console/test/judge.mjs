// What the browser's own code says of the cases on standard input: keys, proofs with their inputs, and public words.
import { judge, recogniseFile } from "../src/groth16/judgement.ts";
import { canonicaliseKey, identifyKey, readPinnedKey } from "../src/groth16/key.ts";
import { Refusal } from "../src/groth16/refusal.ts";
import { decodePolicy, describeStatement, isUnused, nameInputs, requireInputs } from "../src/groth16/statement.ts";
import { parseInputs, parseProof, verifyProof } from "../src/groth16/verify.ts";
import { parseClaim } from "../src/wire/claim.ts";

const MOST = 2 ** 24;
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { keys = [], files = [], claims = [], messages = [], statements = [], judgements = [] } = JSON.parse(Buffer.concat(chunks).toString());
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));

async function tell(check) {
  try {
    return ["valid", (await check()) ?? ""];
  } catch (error) {
    if (error instanceof Refusal) return [error.reason, error.field];
    throw error;
  }
}

async function readKey(canonical) {
  return readPinnedKey(canonical, await identifyKey(new Uint8Array(Buffer.from(canonical, "hex"))));
}

async function all(cases, check) {
  const found = [];
  for (const each of cases) found.push(await tell(() => check(each)));
  return found;
}

const known = new Map();
async function keyOf(canonical) {
  if (!known.has(canonical)) known.set(canonical, await readKey(canonical));
  return known.get(canonical);
}

const verdict = {
  keys: await all(keys, async (canonical) => (await readKey(canonical)).id),
  files: await all(files, async (file) => {
    const canonical = canonicaliseKey(bytes(file), MOST);
    return (await readKey(Buffer.from(canonical).toString("hex"))).id;
  }),
  claims: await all(claims, async ({ key, inputs, proof }) => {
    const read = await keyOf(key);
    verifyProof(read, parseInputs(bytes(inputs), MOST), parseProof(bytes(proof)));
  }),
  messages: await all(messages, async ({ key, message }) => {
    const { keyId, inputs, proof } = parseClaim(bytes(message));
    const read = await keyOf(key);
    if (read.id !== keyId) throw new Refusal("V23_KEY_NOT_PINNED", "key", keyId, read.id);
    verifyProof(read, inputs, proof);
  }),
  statements: await all(statements, ({ statement, inputs }) => {
    const values = inputs.map(BigInt);
    const names = nameInputs(statement, values.length);
    requireInputs(names, values);
    const policy = decodePolicy(values.at(-1));
    const said = policy && { ...policy, leastBasketValue: String(policy.leastBasketValue) };
    return { names, unused: names.filter((name, place) => isUnused(name, values[place])), policy: said, sentences: describeStatement(statement, values) };
  }),
  judgements: await all(judgements, async ({ files: given, pinned }) => {
    const named = Object.fromEntries(given.map((file) => [recogniseFile(bytes(file), "file"), bytes(file)]));
    const told = await judge(named, pinned);
    if (!told.valid) throw told.refusal;
    return told.key.statement;
  }),
};
process.stdout.write(JSON.stringify(verdict));
