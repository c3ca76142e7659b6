/**
 * Verifying keys: a key that exists is sane, and has one id, the SHA-256 of its canonical bytes.
 *
 *     tag, number of inputs 4, alpha 64, beta 128, gamma 128, delta 128, IC 64 for the constant and for each input
 */

import { readHex, writeHex } from "../proofs.ts";
import {
  type CurveG1,
  type CurveG2,
  decodeG1,
  decodeG2,
  encodeG1,
  encodeG2,
  type G1,
  G1_BYTES,
  type G2,
  G2_BYTES,
  readG1,
  readG2,
  requireG1,
  requireOrder,
  requireTwist,
} from "./points.ts";
import { Refusal } from "./refusal.ts";
import { parse, requireCount, requireList, requireObject, requireSystem, take } from "./strict_json.ts";

export interface Key {
  id: string;
  alpha: CurveG1;
  beta: CurveG2;
  gamma: CurveG2;
  delta: CurveG2;
  ic: CurveG1[];
}

interface Points {
  alpha: G1;
  beta: G2;
  gamma: G2;
  delta: G2;
  ic: G1[];
}

const TAG = new TextEncoder().encode("ringfence/groth16/bn254/verifying-key/1\n");
const COUNT_BYTES = 4;
const FIXED_BYTES = G1_BYTES + 3 * G2_BYTES;
const MOST_INPUTS = 2 ** 16;
const FIELDS = ["protocol", "curve", "nPublic", "vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC"];
/** The pairing of alpha and beta, ready-made; never used. */
const OPTIONAL = ["vk_alphabeta_12"];

/** A pinned key: of the bytes that its id is the hash of, whoever sent them. */
export async function readPinnedKey(canonical: string, id: string): Promise<Key> {
  const data = readHex(canonical);
  const found = await identifyKey(data);
  if (found !== id) throw new Refusal("V23_KEY_NOT_PINNED", "key", found, id);
  return { id, ...requireSane(decode(data)) };
}

/** The id of a key by its canonical bytes. */
export async function identifyKey(canonical: Uint8Array): Promise<string> {
  return writeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(canonical))));
}

/** The canonical bytes of the key that a file holds, whatever the key is worth. */
export function canonicaliseKey(data: Uint8Array, limit: number): Uint8Array {
  return encode(parseKey(data, limit));
}

function parseKey(data: Uint8Array, limit: number): Points {
  const document = requireObject(parse(data, limit, "key"), "", FIELDS, OPTIONAL);
  requireSystem(document);
  const inputs = requireCount(take(document, "nPublic"), "nPublic", MOST_INPUTS);
  const entries = requireList(take(document, "IC"), "IC");
  if (entries.length !== inputs + 1) throw new Refusal("V20_KEY_IC_COUNT", "IC", `${entries.length} points`, `${inputs + 1} points`);
  return {
    alpha: readG1(take(document, "vk_alpha_1"), "vk_alpha_1"),
    beta: readG2(take(document, "vk_beta_2"), "vk_beta_2"),
    gamma: readG2(take(document, "vk_gamma_2"), "vk_gamma_2"),
    delta: readG2(take(document, "vk_delta_2"), "vk_delta_2"),
    ic: entries.map((entry, place) => readG1(entry, `IC[${place}]`)),
  };
}

function decode(data: Uint8Array): Points {
  const header = TAG.length + COUNT_BYTES;
  if (data.length < header || !TAG.every((byte, place) => data[place] === byte))
    throw new Refusal("V01_NOT_READABLE", "key", "other bytes", "a verifying key");
  const inputs = new DataView(data.buffer, data.byteOffset).getUint32(TAG.length);
  if (inputs > MOST_INPUTS) throw new Refusal("V20_KEY_IC_COUNT", "IC", `${inputs} inputs`, `0 to ${MOST_INPUTS} inputs`);
  const expected = header + FIXED_BYTES + (inputs + 1) * G1_BYTES;
  if (data.length !== expected) throw new Refusal("V01_NOT_READABLE", "key", `${data.length} bytes`, `${expected} bytes`);
  const [fixed, ic] = [data.subarray(header), data.subarray(header + FIXED_BYTES)];
  const [beta, gamma, delta] = ["vk_beta_2", "vk_gamma_2", "vk_delta_2"].map((field, place) =>
    decodeG2(fixed.subarray(G1_BYTES + place * G2_BYTES), field),
  ) as [G2, G2, G2];
  const points = Array.from({ length: inputs + 1 }, (_, place) => decodeG1(ic.subarray(place * G1_BYTES), `IC[${place}]`));
  return { alpha: decodeG1(fixed, "vk_alpha_1"), beta, gamma, delta, ic: points };
}

function encode(points: Points): Uint8Array {
  const count = new Uint8Array(COUNT_BYTES);
  new DataView(count.buffer).setUint32(0, points.ic.length - 1);
  const { alpha, beta, gamma, delta, ic } = points;
  const parts = [TAG, count, encodeG1(alpha), ...[beta, gamma, delta].map(encodeG2), ...ic.map(encodeG1)];
  return readHex(parts.map(writeHex).join(""));
}

/** Refuse infinity, what is off the curve or outside the subgroup, and gamma = +-delta: anyone could forge. */
function requireSane({ alpha, beta, gamma, delta, ic }: Points): Omit<Key, "id"> {
  const checked = requireG1(alpha, "vk_alpha_1");
  const named = [
    ["vk_beta_2", beta],
    ["vk_gamma_2", gamma],
    ["vk_delta_2", delta],
  ] as const;
  const twisted = named.map(([field, point]) => requireTwist(point, field)) as [CurveG2, CurveG2, CurveG2];
  twisted.forEach((point, place) => requireOrder(point, named[place]?.[0] ?? ""));
  if (gamma?.x[0] === delta?.x[0] && gamma?.x[1] === delta?.x[1])
    throw new Refusal("V21_KEY_GAMMA_DELTA", "vk_delta_2", "gamma or its negative", "a delta that someone contributed to");
  return {
    alpha: checked,
    beta: twisted[0],
    gamma: twisted[1],
    delta: twisted[2],
    ic: ic.map((point, place) => requireG1(point, `IC[${place}]`)),
  };
}
