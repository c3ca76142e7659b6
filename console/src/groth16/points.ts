/** Points as plain numbers, until a check has made curve points of them: those of BN254, by @noble/curves. */

import { bn254 } from "@noble/curves/bn254.js";
import { Refusal } from "./refusal.ts";
import { type Json, requireDecimal, requireList } from "./strict_json.ts";

export const FIELD_MODULUS = bn254.fields.Fp.ORDER;
export const GROUP_ORDER = bn254.fields.Fr.ORDER;
export const COORDINATE_BYTES = 32;
export const [G1_BYTES, G2_BYTES] = [2 * COORDINATE_BYTES, 4 * COORDINATE_BYTES];

export type Pair = readonly [bigint, bigint];
export type CurveG1 = InstanceType<typeof bn254.G1.Point>;
export type CurveG2 = InstanceType<typeof bn254.G2.Point>;

/** A claim to be a point of y^2 = x^3 + 3 over F_p; null is infinity. */
export type G1 = { x: bigint; y: bigint } | null;
/** A claim to be a point of the twist y^2 = x^3 + 3 / (9 + i) over F_p[i], real parts first; null is infinity. */
export type G2 = { x: Pair; y: Pair } | null;

const { Fp2 } = bn254.fields;
const CURVE_CONSTANT = 3n;
const TWIST_CONSTANT = Fp2.div(Fp2.fromBigTuple([CURVE_CONSTANT, 0n]), Fp2.fromBigTuple([9n, 1n]));

// --- Reading, as snarkjs nests them --------------------------------------------------------------------

export function requireCoordinate(value: bigint, field: string): bigint {
  if (value >= FIELD_MODULUS) throw new Refusal("V12_COORDINATE_OUT_OF_FIELD", field, String(value), "a number below p");
  return value;
}

/** `[x, y, "1"]`, or snarkjs's infinity. */
export function readG1(value: Json, field: string): G1 {
  const [x, y, z] = requireList(value, field, 3).map((part, place) => readCoordinate(part, `${field}[${place}]`)) as [bigint, bigint, bigint];
  if (x === 0n && y === 1n && z === 0n) return null;
  if (z !== 1n) throw notAffine(`${field}[2]`, String(z));
  return makeG1(x, y, `${field}.x`);
}

/** `[[x0, x1], [y0, y1], ["1", "0"]]`, or snarkjs's infinity. */
export function readG2(value: Json, field: string): G2 {
  const [x, y, z] = requireList(value, field, 3).map((part, place) => readPair(part, `${field}[${place}]`)) as [Pair, Pair, Pair];
  if (same(x, [0n, 0n]) && same(y, [1n, 0n]) && same(z, [0n, 0n])) return null;
  if (!same(z, [1n, 0n])) throw notAffine(`${field}[2]`, `(${z.join(", ")})`);
  return makeG2(x, y, `${field}.x`);
}

function readCoordinate(value: Json, field: string): bigint {
  return requireCoordinate(requireDecimal(value, field), field);
}

function readPair(value: Json, field: string): Pair {
  const [real, imaginary] = requireList(value, field, 2) as [Json, Json];
  return [readCoordinate(real, `${field}[0]`), readCoordinate(imaginary, `${field}[1]`)];
}

function makeG1(x: bigint, y: bigint, field: string): G1 {
  if (x === 0n && y === 0n) throw zeros(field);
  return { x, y };
}

function makeG2(x: Pair, y: Pair, field: string): G2 {
  if ([...x, ...y].every((part) => part === 0n)) throw zeros(field);
  return { x, y };
}

function notAffine(field: string, found: string): Refusal {
  return new Refusal("V13_NOT_AFFINE", field, found, "one");
}

function zeros(field: string): Refusal {
  return new Refusal("V15_OFF_CURVE", field, "zeros", "a point of the curve, or infinity");
}

// --- Bytes, as EIP-196 and EIP-197 have them -----------------------------------------------------------

/** Two numbers; all zeros are infinity. */
export function decodeG1(data: Uint8Array, field: string): G1 {
  const [x, y] = decodeWords(data, 2, field) as [bigint, bigint];
  return x === 0n && y === 0n ? null : { x, y };
}

/** Four numbers, imaginary parts first; all zeros are infinity. */
export function decodeG2(data: Uint8Array, field: string): G2 {
  const [x1, x0, y1, y0] = decodeWords(data, 4, field) as [bigint, bigint, bigint, bigint];
  return [x0, x1, y0, y1].every((part) => part === 0n) ? null : { x: [x0, x1], y: [y0, y1] };
}

export function encodeG1(point: G1): Uint8Array {
  return encodeWords(point === null ? [0n, 0n] : [point.x, point.y]);
}

export function encodeG2(point: G2): Uint8Array {
  return encodeWords(point === null ? [0n, 0n, 0n, 0n] : [point.x[1], point.x[0], point.y[1], point.y[0]]);
}

function decodeWords(data: Uint8Array, count: number, field: string): bigint[] {
  return Array.from({ length: count }, (_, place) => {
    const word = data.subarray(place * COORDINATE_BYTES, (place + 1) * COORDINATE_BYTES);
    return requireCoordinate(word.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n), field);
  });
}

function encodeWords(words: readonly bigint[]): Uint8Array {
  const digits = words.map((word) => word.toString(16).padStart(2 * COORDINATE_BYTES, "0")).join("");
  return Uint8Array.from({ length: digits.length / 2 }, (_, place) => Number.parseInt(digits.slice(2 * place, 2 * place + 2), 16));
}

// --- Checks --------------------------------------------------------------------------------------------

/** Refuse infinity and what is off the curve; the first group has no other points. */
export function requireG1(point: G1, field: string): CurveG1 {
  const { x, y } = requireFinite(point, field);
  const { Fp } = bn254.fields;
  if (!Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), CURVE_CONSTANT))) throw offCurve(field);
  return bn254.G1.Point.fromAffine({ x, y });
}

/** Refuse infinity and what is off the twist; whether it is in the subgroup is still to be asked. */
export function requireTwist(point: G2, field: string): CurveG2 {
  const finite = requireFinite(point, field);
  const [x, y] = [Fp2.fromBigTuple([...finite.x]), Fp2.fromBigTuple([...finite.y])];
  if (!Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), TWIST_CONSTANT))) throw offCurve(field);
  return bn254.G2.Point.fromAffine({ x, y });
}

/** Refuse what is outside the subgroup of order r. */
export function requireOrder(point: CurveG2, field: string): void {
  if (!point.isTorsionFree()) throw new Refusal("V16_OUTSIDE_SUBGROUP", field, "a point outside the subgroup", "a point of order r");
}

/** Whether `e(P_1, Q_1) e(P_2, Q_2) ... = 1`; a pair with infinity is one. */
export function isPairingProductOne(pairs: readonly (readonly [CurveG1, CurveG2])[]): boolean {
  const finite = pairs.filter(([p]) => !p.is0()).map(([g1, g2]) => ({ g1, g2 }));
  const { Fp12 } = bn254.fields;
  return Fp12.eql(bn254.pairingBatch(finite), Fp12.ONE);
}

export function sumOfMultiples(points: readonly CurveG1[], factors: readonly bigint[]): CurveG1 {
  return points.reduce((sum, point, place) => sum.add(point.multiplyUnsafe(factors[place] ?? 0n)), bn254.G1.Point.ZERO);
}

function requireFinite<P extends object>(point: P | null, field: string): P {
  if (point === null) throw new Refusal("V14_INFINITY", field, "the point at infinity", "another point");
  return point;
}

function offCurve(field: string): Refusal {
  return new Refusal("V15_OFF_CURVE", field, "a point off the curve", "a point of the curve");
}

function same(left: Pair, right: Pair): boolean {
  return left[0] === right[0] && left[1] === right[1];
}
