/** What a person is told of the files that they have: valid or not, with the reason, under a key that is pinned. */

import { parseClaim } from "../wire/claim.ts";
import { canonicaliseKey, identifyKey, type Key, readPinnedKey } from "./key.ts";
import { Refusal } from "./refusal.ts";
import { nameInputs, requireInputs } from "./statement.ts";
import { type Json, parse } from "./strict_json.ts";
import { parseInputs, parseProof, type Proof, verifyProof } from "./verify.ts";

/** A key that somebody whom the page believes has named; its bytes are believed for their hash alone. */
export interface PinnedKey {
  id: string;
  statement: string;
  development: boolean;
  canonical: string;
}

/** A claim is whole in itself; the others are its parts. */
export type Kind = "claim" | "proof" | "public" | "key";
export type Files = Partial<Record<Kind, Uint8Array>>;

export type Judgement =
  | { valid: true; key: PinnedKey; inputs: bigint[]; names: string[]; milliseconds: number }
  | { valid: false; refusal: Refusal; key: PinnedKey | null; tried: number };

/** What somebody claims to have proved, and under which key, where they say it. */
interface Claimed {
  keyId: string | null;
  inputs: bigint[];
  proof: Proof;
}

/** No claim, no proof, no key of any statement that there is, and no list of its inputs has as many bytes. */
export const MOST_BYTES = 2 ** 16;
const FIRST_CHARACTER = 0x20;
const WHITE_SPACE = new TextEncoder().encode("\t\n\r");

/** Which of them it is, by what it has and not by its name; null where it is another document. */
export function recogniseFile(data: Uint8Array, name: string): Kind | null {
  if (!isText(data)) return "claim";
  const content: Json = parse(data, MOST_BYTES, name);
  if (Array.isArray(content)) return "public";
  const fields = content instanceof Map ? [...content.keys()] : [];
  if (fields.some((field) => field.startsWith("vk_"))) return "key";
  return fields.some((field) => field.startsWith("pi_")) || fields.includes("protocol") ? "proof" : null;
}

/** Every claim has bytes that no text has: the tag of its public inputs is one. */
function isText(data: Uint8Array): boolean {
  return data.every((byte) => byte >= FIRST_CHARACTER || WHITE_SPACE.includes(byte));
}

/** Whether the proof proves the inputs under one of the pinned keys: the one that is named, where one is. */
export async function judge(files: Files, pinned: readonly PinnedKey[]): Promise<Judgement> {
  let tried: PinnedKey[] = [];
  try {
    const { keyId, inputs, proof } = files.claim === undefined ? await readParts(files) : parseClaim(files.claim);
    const keys = await readKeys(keyId === null ? pinned : [requirePinned(keyId, pinned)]);
    tried = [...keys.keys()];
    const began = performance.now();
    const { key, names } = findProved(keys, (candidate) => verifyProof(candidate, inputs, proof), inputs);
    return { valid: true, key, inputs, names, milliseconds: performance.now() - began };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { valid: false, refusal: error, key: tried.length === 1 ? (tried[0] ?? null) : null, tried: tried.length };
  }
}

async function readParts(files: Files): Promise<Claimed> {
  const keyId = files.key === undefined ? null : await identifyKey(canonicaliseKey(files.key, MOST_BYTES));
  const inputs = parseInputs(requireFile(files.public, "public"), MOST_BYTES);
  return { keyId, inputs, proof: parseProof(requireFile(files.proof, "proof")) };
}

/** The key under which the claim is proved; the last refusal that says the most where there is none. */
function findProved(
  keys: ReadonlyMap<PinnedKey, Key>,
  verify: (key: Key) => void,
  inputs: readonly bigint[],
): { key: PinnedKey; names: string[] } {
  const refusals: Refusal[] = [];
  for (const [pinned, key] of keys) {
    const names = nameInputs(pinned.statement, inputs.length);
    try {
      if (key.ic.length - 1 === inputs.length) requireInputs(names, inputs);
      verify(key);
      return { key: pinned, names };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.push(error);
    }
  }
  const counted = refusals.filter(({ reason }) => reason !== "V10_INPUT_COUNT");
  throw counted[0] ?? refusals[0] ?? new Refusal("V23_KEY_NOT_PINNED", "key", "no key", "a pinned key");
}

function requirePinned(id: string, pinned: readonly PinnedKey[]): PinnedKey {
  const key = pinned.find((each) => each.id === id);
  if (key === undefined) throw new Refusal("V23_KEY_NOT_PINNED", "key", id, "a pinned key");
  return key;
}

/** A verifier of an earlier release names its keys and does not tell them: nothing can be checked with those. */
async function readKeys(pinned: readonly PinnedKey[]): Promise<Map<PinnedKey, Key>> {
  const keys = new Map<PinnedKey, Key>();
  for (const each of pinned) if (each.canonical !== "") keys.set(each, await readPinnedKey(each.canonical, each.id));
  return keys;
}

function requireFile(data: Uint8Array | undefined, field: string): Uint8Array {
  if (data === undefined) throw new Refusal("V01_NOT_READABLE", field, "nothing", "a file");
  return data;
}
