/** What the public inputs of a statement are called, what they mean, and what its proof says. */

import { writePolicy, writePpm } from "../words.ts";
import { Refusal } from "./refusal.ts";

export interface Policy {
  maintenance: boolean;
  shockPpm: number;
  bufferPpm: number;
  leastBasketValue: bigint;
}

/** The inputs that nearly every statement has, with as many nullifiers as locks or spent positions. */
export const BEFORE = ["book_root", "market_root", "lock_root", "position_tag"];
export const AFTER = ["context", "policy"];
const OTHER_INPUTS = new Map([
  ["solvency", ["challenge", "mixer", "accounts_root", "before", "after"]],
  ["solvency_total", ["challenge", "mixer", "last", "sums", "tables", "totals"]],
]);
const MARGIN = ["perp", "defined_risk", "scenario"];
export const MOST_NULLIFIERS = 4;

const MEANINGS = new Map([
  ["book_root", "root of the venue's positions"],
  ["market_root", "root of the markets, assets and instruments of an oracle round"],
  ["lock_root", "root of the locks; of an exit the lock itself"],
  ["position_tag", "the public name of the position, the same in every proof about it"],
  ["nullifier", "what spends a lock, or a position that changed"],
  ["context", "hash of the verifier, chain, contract, recipient and expiry that it was made for"],
  ["policy", "what is proved, in one word"],
  ["challenge", "drawn when leaves, tables and sums were fixed"],
  ["mixer", "drawn from the challenge"],
  ["accounts_root", "root of the tree of the batch's leaves"],
  ["before", "the state of the run"],
  ["after", "the state of the run with this batch"],
  ["last", "the state of the run after its last batch"],
  ["sums", "what the challenge was drawn from"],
  ["tables", "at what everything was counted"],
  ["totals", "hash of the totals, or of the reserves"],
]);

const SAYINGS = new Map([
  ["release", "One lock is its prover's, and the nullifier is that of this lock; which asset and how much of it, the word policy is the hash of."],
  ["exit", "One deposit is its prover's, and the nullifier is that of its lock; which asset and how much of it, the word policy is the hash of."],
  ["transition", "Up to two isolated positions of one owner became others that hold their requirements; the word policy is the hash of the new leaves and of what was paid."],
  ["liquidation", "One isolated position was breached and was closed in part, as far as its policy asks for; the word policy is the hash of the new leaf and of what was paid."],
  ["deleverage", "One isolated position was bankrupt and was closed against the front of a queue; the word policy is the hash of that queue."],
  ["solvency", "A batch of accounts was counted into the sums of a run."],
  ["solvency_total", "The batches of a run add up to the totals that were published."],
]);

/** What stands in an input that a statement does not use. */
const UNUSED = new Map([
  ["book_root", 6018969271661327993747736661990972292206467131790132800363194009457154886900n],
  ["market_root", 17682998550480952740650906685789786673755933151130714538024017390148603528713n],
  ["lock_root", 2952855586378111356208207783574424315834934178508152711658585204682989290251n],
  ["position_tag", 10784852994112114995818877506895021137492697534744404608064362869147666969277n],
]);

/** Of `perp-k1`, `perp`. */
export function nameFamily(statement: string): string {
  return statement.split("-", 1)[0] ?? "";
}

/** The name of each input; numbers alone where the statement is none that is known here. */
export function nameInputs(statement: string, count: number): string[] {
  const family = nameFamily(statement);
  const nullifiers = count - BEFORE.length - AFTER.length;
  const others = OTHER_INPUTS.get(family);
  if (others?.length === count) return others;
  if (others !== undefined || !isKnown(family) || nullifiers < 0 || nullifiers > MOST_NULLIFIERS)
    return Array.from({ length: count }, (_, place) => `inputs[${place}]`);
  return [...BEFORE, ...Array.from({ length: nullifiers }, (_, place) => `nullifier[${place}]`), ...AFTER];
}

/** Whether an input holds the constant of what a statement does not use. */
export function isUnused(name: string, value: bigint): boolean {
  return UNUSED.get(name) === value;
}

/** What an input is; of a policy also what it says. */
export function explainInput(statement: string, name: string, value: bigint): string {
  const meaning = MEANINGS.get(name.replace(/\[.*$/, "")) ?? "";
  const policy = name === "policy" && MARGIN.includes(nameFamily(statement)) ? decodePolicy(value) : null;
  if (policy === null) return meaning;
  const requirement = policy.maintenance ? "maintenance" : "initial";
  return `${meaning}: ${writePolicy({ requirement, shock_ppm: policy.shockPpm, buffer_ppm: policy.bufferPpm })}`;
}

/** Step 1 beyond the form: no input is zero but a policy, and no nullifier stands there twice. */
export function requireInputs(names: readonly string[], inputs: readonly bigint[]): void {
  if (!names.includes("position_tag")) return;
  names.forEach((name, place) => {
    if (inputs[place] === 0n && name !== "policy") throw new Refusal("OUT_OF_BOUNDS", name, "0", "an element above 0");
  });
  const nullifiers = inputs.filter((_, place) => names[place]?.startsWith("nullifier"));
  if (new Set(nullifiers).size !== nullifiers.length)
    throw new Refusal("DUPLICATE_FIELD", "nullifiers", "one twice", "different nullifiers: a lock counts once");
}

/** What a proof of these inputs says, sentence by sentence. */
export function describeStatement(statement: string, inputs: readonly bigint[]): string[] {
  const family = nameFamily(statement);
  if (!MARGIN.includes(family)) return [SAYINGS.get(family) ?? `What the statement ${statement} says, which this page has no words for.`];
  const policy = decodePolicy(inputs.at(-1) ?? 0n);
  if (policy === null) return ["The equity of one isolated position in the book covers its requirement under a policy that cannot be read."];
  const locks = inputs.length - BEFORE.length - AFTER.length;
  const kind = policy.maintenance ? "maintenance" : "initial";
  return [
    `The equity of one isolated position in the book covers its ${kind} requirement at the prices of the market root`,
    policy.shockPpm > 0 ? `and still does after the mark has moved ${writePpm(policy.shockPpm)} against the position` : "",
    policy.bufferPpm > 0 ? `with ${writePpm(policy.bufferPpm)} of the requirement on top` : "",
    locks > 0 ? `backed by ${locks} ${locks === 1 ? "lock" : "locks"}` : "",
    policy.leastBasketValue > 0n ? `which count for at least ${policy.leastBasketValue} money units` : "",
  ].filter(Boolean);
}

/** `requirement + shock * 2 + buffer * 2^21 + least basket value * 2^41`; null where a word is no policy. */
export function decodePolicy(word: bigint): Policy | null {
  const [shock, leastBasketValue] = [Number((word >> 1n) & 0xfffffn), word >> 41n];
  if (shock >= 1_000_000 || leastBasketValue >> 100n !== 0n) return null;
  return { maintenance: (word & 1n) === 1n, shockPpm: shock, bufferPpm: Number((word >> 21n) & 0xfffffn), leastBasketValue };
}

function isKnown(family: string): boolean {
  return MARGIN.includes(family) || SAYINGS.has(family);
}
