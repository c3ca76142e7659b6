/** The note that a log signs: its name, how many leaves it has and their root, and under them an Ed25519 signature. */

import { ProofError, readHex, writeHex } from "./proofs.ts";

export interface Head {
  origin: string;
  size: number;
  root: string;
}

const HINT_BYTES = 4;
const SIGNATURE_BYTES = 64;

/** What a note says; whether it was signed is another question. */
export function readNote(note: string): Head {
  const [text = "", signatures] = split(note);
  const lines = text.split("\n");
  const [origin = "", size = "", root = ""] = lines;
  if (signatures === undefined || lines.length !== 3 || !/^(0|[1-9][0-9]{0,15})$/.test(size)) throw new ProofError("no signed note");
  return { origin, size: Number(size), root: writeHex(readBase64(root)) };
}

/** Refuse a note that the key did not sign. */
export async function verifyNote(note: string, origin: string, publicKey: string): Promise<Head> {
  const head = readNote(note);
  if (head.origin !== origin) throw new ProofError(`a head of another log, ${head.origin}`);
  const [text = "", signatures = ""] = split(note);
  const message = new TextEncoder().encode(`${text}\n`);
  for (const line of signatures.split("\n")) {
    const [mark, name, signed] = line.split(" ");
    const data = mark === "\u2014" && name === origin && signed ? readBase64(signed) : new Uint8Array();
    if (data.length === HINT_BYTES + SIGNATURE_BYTES && (await isSigned(message, data.subarray(HINT_BYTES), readHex(publicKey)))) return head;
  }
  throw new ProofError("the pinned key did not sign this head");
}

/** Whether the holder of an Ed25519 key signed a message. */
export async function isSigned(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", own(publicKey), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, own(signature), own(message));
}

/** Not every browser can check an Ed25519 signature; all can check the tree. */
export async function canVerifySignatures(): Promise<boolean> {
  try {
    await crypto.subtle.importKey("raw", new Uint8Array(32).fill(1), "Ed25519", false, ["verify"]);
    return true;
  } catch (error) {
    return !(error instanceof DOMException && error.name === "NotSupportedError");
  }
}

function split(note: string): string[] {
  return note.split("\n\n", 2);
}

function readBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new ProofError("no base64");
  }
}

function own(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}
