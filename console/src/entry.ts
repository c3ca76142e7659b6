/**
 * What a leaf of the log says of an acceptance, read from the very bytes that were hashed.
 *
 *     prefix, event 1, state 1, acceptance 32, revision 8, moment 8, lapses at 8,
 *     held: number 1 and 32 for each, left: number 1 and 32 for each, claim: length 2, id 32, key id 32, public inputs
 */

import { ProofError, writeHex } from "./proofs.ts";

export const EVENTS = ["", "accept", "refresh", "free", "lapse", "seize"] as const;
export const STATES = ["", "accepted", "refreshed", "released", "lapsed", "seized"] as const;

export interface Entry {
  event: string;
  state: string;
  acceptance: string;
  revision: number;
  moment: number;
  lapsesAt: number;
  held: string[];
  left: string[];
  claim: Claim | null;
}

export interface Claim {
  id: string;
  keyId: string;
  positionTag: string;
}

const PREFIX = "ringfence.v1.log_entry\n";
const DIGEST_BYTES = 32;
/** Of the public inputs, which begin with the roots of book, market and locks. */
const PLACE_OF_TAG = 3;

export function readEntry(leaf: Uint8Array): Entry {
  const reader = new Reader(leaf);
  reader.expect(PREFIX);
  const event = EVENTS[reader.number(1)];
  const state = STATES[reader.number(1)];
  if (!event || !state) throw new ProofError("an event or a state that there is not");
  const acceptance = writeHex(reader.take(DIGEST_BYTES));
  const [revision, moment, lapsesAt] = [reader.number(8), reader.number(8), reader.number(8)];
  const [held, left] = [reader.set(), reader.set()];
  const claim = reader.framed();
  reader.requireEnd();
  return { event, state, acceptance, revision, moment, lapsesAt, held, left, claim: claim.length === 0 ? null : readClaim(claim) };
}

function readClaim(data: Uint8Array): Claim {
  const reader = new Reader(data);
  const [id, keyId] = [reader.take(DIGEST_BYTES), reader.take(DIGEST_BYTES)];
  reader.take(PLACE_OF_TAG * DIGEST_BYTES);
  return { id: writeHex(id), keyId: writeHex(keyId), positionTag: writeHex(reader.take(DIGEST_BYTES)) };
}

/** Canonical bytes, from their beginning to their end. */
export class Reader {
  private at = 0;
  constructor(private readonly data: Uint8Array) {}

  take(count: number): Uint8Array {
    if (this.at + count > this.data.length) throw new ProofError("an entry that ends early");
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  expect(prefix: string): void {
    if (new TextDecoder().decode(this.take(prefix.length)) !== prefix) throw new ProofError(`bytes that do not begin with ${prefix.trim()}`);
  }

  /** Bytes with their length before them in two. */
  framed(): Uint8Array {
    return this.take(this.number(2));
  }

  number(bytes: number): number {
    const value = this.take(bytes).reduce((number, byte) => number * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw new ProofError("a number that is too large");
    return value;
  }

  set(): string[] {
    return Array.from({ length: this.number(1) }, () => writeHex(this.take(DIGEST_BYTES)));
  }

  requireEnd(): void {
    if (this.at !== this.data.length) throw new ProofError("an entry with more behind it");
  }
}
