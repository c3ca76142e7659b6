/** The smallest parts of messages. Each has one spelling, and empty and zero are refused but where they mean something. */

import { GROUP_ORDER } from "../groth16/points.ts";
import { Refusal } from "../groth16/refusal.ts";
import { writeHex } from "../proofs.ts";
import type { Message } from "./message.ts";

const ELEMENT_BYTES = 32;
const DIGEST_BYTES = 32;
const LONGEST_NAME = 255;
const WHOLE_NUMBER = /^(?:0|-?[1-9][0-9]{0,38})$/;

/** The path of a field in the message at `above`. */
export function below(above: string, name: string): string {
  return `${above}.${name}`;
}

export function requirePart(message: Message, name: string, above: string): Message {
  const part = message.part(name);
  if (part === null) throw new Refusal("MISSING_FIELD", below(above, name), "nothing", "a message");
  return part;
}

export function requireBytes(data: Uint8Array, field: string, least: number, most: number): Uint8Array {
  const expected = least === most ? `${least} bytes` : `${least} to ${most} bytes`;
  if (data.length < least || data.length > most) throw new Refusal("WRONG_COUNT", field, `${data.length} bytes`, expected);
  return data;
}

export function requireCount(items: readonly unknown[], field: string, least: number, most: number): void {
  if (items.length < least || items.length > most) throw new Refusal("WRONG_COUNT", field, String(items.length), `${least} to ${most}`);
}

/** An element of the scalar field: 32 bytes, big-endian, below r. */
export function readElement(data: Uint8Array, field: string, mayBeZero = false): bigint {
  const digits = writeHex(requireBytes(data, field, ELEMENT_BYTES, ELEMENT_BYTES));
  const [value, least] = [BigInt(`0x${digits}`), mayBeZero ? 0n : 1n];
  if (value < least || value >= GROUP_ORDER) throw new Refusal("OUT_OF_BOUNDS", field, "another number", `an element: from ${least}, below r`);
  return value;
}

/** What 32 bytes name, in hexadecimal; zeros name nothing. */
export function readIdentity(data: Uint8Array, field: string): string {
  const expected = `${DIGEST_BYTES} bytes, not all of them zero`;
  if (requireBytes(data, field, DIGEST_BYTES, DIGEST_BYTES).every((byte) => byte === 0)) throw new Refusal("OUT_OF_BOUNDS", field, "zeros", expected);
  return writeHex(data);
}

export function requireRange(value: bigint, field: string, least: bigint, most: bigint): bigint {
  if (value < least || value > most) throw new Refusal("OUT_OF_BOUNDS", field, String(value), `${least} to ${most}`);
  return value;
}

/** Seconds since 1970; none is no moment. */
export function requireMoment(value: bigint, field: string): bigint {
  return requireRange(value, field, 1n, 2n ** 64n - 1n);
}

/** An amount in decimal digits, within its bounds. */
export function readAmount(text: string, field: string, least: bigint, most: bigint): bigint {
  if (!WHOLE_NUMBER.test(text)) throw new Refusal("NOT_AN_INTEGER", field, text, "decimal digits, no leading zero, plus sign or space");
  return requireRange(BigInt(text), field, least, most);
}

/** The number of a choice; "not said", and what a later version says, are refused. */
export function requireChoice(number: bigint, choices: readonly bigint[], field: string): bigint {
  if (!choices.includes(number)) throw new Refusal("NOT_A_CHOICE", field, String(BigInt.asIntN(32, number)), `one of ${choices.join(", ")}`);
  return number;
}

/** A text, bounded by its length in UTF-8. */
export function requireText(text: string, field: string, most = LONGEST_NAME): string {
  requireBytes(new TextEncoder().encode(text), field, 1, most);
  return text;
}
