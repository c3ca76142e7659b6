/** A claim as programs hand it on: the message `ringfence.v1.Claim`, with the proof, its public inputs and what is demanded. */

import { Refusal } from "../groth16/refusal.ts";
import { AFTER, BEFORE, MOST_NULLIFIERS } from "../groth16/statement.ts";
import { decodeProof, type Proof, PROOF_BYTES } from "../groth16/verify.ts";
import { DEMAND, requireDemand } from "./demand.ts";
import { below, readElement, readIdentity, requireBytes, requireCount, requirePart } from "./elements.ts";
import { type Layout, type Message, parseMessage, UnreadableError } from "./message.ts";

export interface Claim {
  keyId: string;
  /** The public inputs in their order. */
  inputs: bigint[];
  proof: Proof;
}

const PUBLIC_INPUTS: Layout = {
  1: { name: "book_root", holds: "bytes" },
  2: { name: "market_root", holds: "bytes" },
  3: { name: "lock_root", holds: "bytes" },
  4: { name: "position_tag", holds: "bytes" },
  5: { name: "nullifiers", holds: "bytes", isList: true },
  6: { name: "context", holds: "bytes" },
  7: { name: "policy", holds: "bytes" },
};
const PROOF: Layout = { 1: { name: "points", holds: "bytes" } };
const CLAIM: Layout = {
  1: { name: "key_id", holds: "bytes" },
  2: { name: "public_inputs", holds: PUBLIC_INPUTS },
  3: { name: "proof", holds: PROOF },
  4: { name: "demand", holds: DEMAND },
};

/** The claim that these bytes are, whole and well formed; nothing in it is believed before it was verified. */
export function parseClaim(data: Uint8Array): Claim {
  const [message, field] = [parse(data), "claim"];
  const [inputs, proof, demand] = ["public_inputs", "proof", "demand"].map((name) => requirePart(message, name, field)) as [Message, Message, Message];
  const claim = {
    keyId: readIdentity(message.bytes("key_id"), below(field, "key_id")),
    inputs: readInputs(inputs, below(field, "public_inputs")),
    proof: readProof(proof.bytes("points"), below(below(field, "proof"), "points")),
  };
  requireDemand(demand, below(field, "demand"));
  return claim;
}

function parse(data: Uint8Array): Message {
  try {
    return parseMessage(data, CLAIM);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    throw new Refusal("NOT_READABLE", "claim", "other bytes", "a message ringfence.v1.Claim");
  }
}

/** In the one order that all statements have; zero is none of them but a policy. */
function readInputs(message: Message, field: string): bigint[] {
  const nullifiers = below(field, "nullifiers");
  requireCount(message.list("nullifiers"), nullifiers, 0, MOST_NULLIFIERS);
  const [before, after] = [BEFORE, AFTER].map((names) =>
    names.map((name) => readElement(message.bytes(name), below(field, name), name === "policy")),
  ) as [bigint[], bigint[]];
  const spent = message.list("nullifiers").map((each, place) => readElement(each, `${nullifiers}[${place}]`));
  if (new Set(spent).size !== spent.length) throw new Refusal("DUPLICATE_FIELD", nullifiers, "one twice", "different nullifiers: a lock counts once");
  return [...before, ...spent, ...after];
}

/** Coordinates below p; that the points are on their curves is for the verification to say. */
function readProof(points: Uint8Array, field: string): Proof {
  requireBytes(points, field, PROOF_BYTES, PROOF_BYTES);
  try {
    return decodeProof(points);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal("NOT_READABLE", field, error.found, error.expected);
  }
}
