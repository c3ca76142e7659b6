/**
 * Groth16 over BN254, in the browser. A proof (A, B, C) of inputs x_1 .. x_n is valid under a key if and only if
 *
 *     e(A, B) = e(alpha, beta) e(IC_0 + x_1 IC_1 + ... + x_n IC_n, gamma) e(C, delta)
 *
 * and everything in it is what it claims to be. A check throws a `Refusal`; there is no flag that could be ignored.
 */

import type { Key } from "./key.ts";
import {
  decodeG1,
  decodeG2,
  type G1,
  G1_BYTES,
  type G2,
  G2_BYTES,
  GROUP_ORDER,
  isPairingProductOne,
  readG1,
  readG2,
  requireG1,
  requireOrder,
  requireTwist,
  sumOfMultiples,
} from "./points.ts";
import { Refusal } from "./refusal.ts";
import { parse, requireDecimal, requireList, requireObject, requireSystem, take } from "./strict_json.ts";

export interface Proof {
  a: G1;
  b: G2;
  c: G1;
}

export const PROOF_BYTES = 2 * G1_BYTES + G2_BYTES;
const LONGEST_DOCUMENT = 2 ** 14;
const PROOF_FIELDS = ["pi_a", "pi_b", "pi_c", "protocol", "curve"];

/** `proof.json` as snarkjs writes it; nothing but its form is checked. */
export function parseProof(data: Uint8Array): Proof {
  const document = requireObject(parse(data, LONGEST_DOCUMENT, "proof"), "", PROOF_FIELDS);
  requireSystem(document);
  return {
    a: readG1(take(document, "pi_a"), "pi_a"),
    b: readG2(take(document, "pi_b"), "pi_b"),
    c: readG1(take(document, "pi_c"), "pi_c"),
  };
}

/** As the precompiles of EIP-196/197 take it, in so many bytes as it has; nothing but its form is checked. */
export function decodeProof(data: Uint8Array): Proof {
  const [b, c] = [data.subarray(G1_BYTES), data.subarray(G1_BYTES + G2_BYTES)];
  return { a: decodeG1(data, "pi_a"), b: decodeG2(b, "pi_b"), c: decodeG1(c, "pi_c") };
}

/** `public.json`: numbers in strings, each below r and in its one spelling. */
export function parseInputs(data: Uint8Array, limit: number): bigint[] {
  return requireList(parse(data, limit, "public"), "public").map((entry, place) => {
    const [field, value] = [`inputs[${place}]`, requireDecimal(entry, `inputs[${place}]`)];
    if (value >= GROUP_ORDER) throw new Refusal("V11_INPUT_OUT_OF_FIELD", field, String(value), "a number below r");
    return value;
  });
}

/** Refuse unless the proof proves these inputs under this key. */
export function verifyProof(key: Key, inputs: readonly bigint[], proof: Proof): void {
  const count = key.ic.length - 1;
  if (inputs.length !== count) throw new Refusal("V10_INPUT_COUNT", "inputs", `${inputs.length} inputs`, `${count} inputs`);
  const a = requireG1(proof.a, "pi_a");
  const b = requireTwist(proof.b, "pi_b");
  const c = requireG1(proof.c, "pi_c");
  requireOrder(b, "pi_b");
  const statement = sumOfMultiples(key.ic, [1n, ...inputs]);
  const holds = isPairingProductOne([
    [a.negate(), b],
    [key.alpha, key.beta],
    [statement, key.gamma],
    [c, key.delta],
  ]);
  if (!holds) throw new Refusal("V17_EQUATION_FAILS", "proof", "another claim", "a proof of these inputs");
}
