/**
 * A verifier's signed word on an acceptance, checked as whoever relies on it would: its bytes are those that the leaf of
 * the log makes, and the keys that are pinned signed them.
 *
 *     prefix, verifier, domain, chain id 8, contract, recipient,
 *     acceptance 32, event 1, state 1, revision 8, log index 8, moment 8, lapses at 8, position tag 32, policy 32,
 *     held: number 1 and 32 for each, left: number 1 and 32 for each, claim: length 2, id 32, key id 32, development 1
 *
 * Ed25519 is the browser's own. For a chain it is secp256k1 over the EIP-712 digest, which no browser has.
 */

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type Entry, EVENTS, Reader, STATES } from "./entry.ts";
import { canVerifySignatures, isSigned } from "./note.ts";
import { join, ProofError, readHex, sha256, writeHex } from "./proofs.ts";

export interface Attestation {
  verifier: string;
  domain: string;
  chainId: bigint;
  contract: string;
  recipient: string;
  acceptance: string;
  event: string;
  state: string;
  revision: number;
  logIndex: number;
  moment: number;
  lapsesAt: number;
  positionTag: string;
  policy: string;
  held: string[];
  left: string[];
  claim: { id: string; keyId: string } | null;
  development: boolean;
}

/** Whose word counts, as the anchor pins it. */
export interface Pinned {
  verifier: string;
  domain: string;
  keys: string[];
  signers: string[];
}

export interface CheckedAttestation {
  attestation: Attestation;
  /** The key whose signature is good; nothing where this browser has no Ed25519. */
  signedBy: string | null;
  /** The address whose signature for the chain is good; nothing where there is none. */
  signedForChainBy: string | null;
}

const FORMAT = "ringfence.attestation/1";
const PREFIX = "ringfence.v1.attestation\n";
const LONGEST_DOCUMENT = 20_000;
const DIGEST_BYTES = 32;
const ADDRESS_BYTES = 20;
const CHAIN_SIGNATURE_BYTES = 65;
const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const TYPE =
  "Attestation(bytes32 statement,string verifier,string domain,bytes recipient,bytes32 acceptance,uint8 event,uint8 state," +
  "uint64 revision,uint256 positionTag,uint256 policy,uint256[] held,uint256[] left,uint64 moment,uint64 lapsesAt,bool isForDevelopment)";

/** Refuse a document that is not the verifier's word on what the leaf at this place says. */
export async function verifyAttestation(document: string, entry: Entry, index: number, pinned: Pinned): Promise<CheckedAttestation> {
  const parts = readDocument(document);
  const statement = part(parts, "statement");
  const attestation = readAttestation(statement);
  if (writeHex(writeAttestation(restate(attestation, entry, index))) !== writeHex(statement)) throw new ProofError("the attestation does not say what the leaf says");
  if (attestation.verifier !== pinned.verifier || attestation.domain !== pinned.domain) throw new ProofError("the word of another verifier");
  const signedBy = await requireSigned(statement, part(parts, "ed25519_key_id"), part(parts, "ed25519_signature"), pinned.keys);
  const signedForChainBy = await requireSignedForChain(attestation, statement, parts, pinned.signers);
  return { attestation, signedBy, signedForChainBy };
}

export function readAttestation(statement: Uint8Array): Attestation {
  const reader = new Reader(statement);
  reader.expect(PREFIX);
  const [verifier, domain] = [readText(reader.framed()), readText(reader.framed())];
  const chainId = BigInt(`0x${writeHex(reader.take(8))}`);
  const [contract, recipient] = [writeHex(reader.framed()), writeHex(reader.framed())];
  const acceptance = writeHex(reader.take(DIGEST_BYTES));
  const [event, state] = [EVENTS[reader.number(1)], STATES[reader.number(1)]];
  if (!event || !state) throw new ProofError("an event or a state that there is not");
  const [revision, logIndex, moment, lapsesAt] = [reader.number(8), reader.number(8), reader.number(8), reader.number(8)];
  const [positionTag, policy] = [writeHex(reader.take(DIGEST_BYTES)), writeHex(reader.take(DIGEST_BYTES))];
  const [held, left] = [reader.set(), reader.set()];
  const claim = reader.framed();
  if (claim.length !== 0 && claim.length !== 2 * DIGEST_BYTES) throw new ProofError("a claim of another length");
  const development = reader.number(1);
  if (development > 1) throw new ProofError("neither yes nor no");
  reader.requireEnd();
  return {
    verifier,
    domain,
    chainId,
    contract,
    recipient,
    acceptance,
    event,
    state,
    revision,
    logIndex,
    moment,
    lapsesAt,
    positionTag,
    policy,
    held,
    left,
    claim: claim.length === 0 ? null : { id: writeHex(claim.subarray(0, DIGEST_BYTES)), keyId: writeHex(claim.subarray(DIGEST_BYTES)) },
    development: development === 1,
  };
}

export function writeAttestation(said: Attestation): Uint8Array {
  const texts = [said.verifier, said.domain].map((text) => frame(new TextEncoder().encode(text)));
  const numbers = [said.revision, said.logIndex, said.moment, said.lapsesAt].map((number) => writeNumber(BigInt(number), 8));
  return join(
    new TextEncoder().encode(PREFIX),
    ...texts,
    writeNumber(said.chainId, 8),
    frame(readHex(said.contract)),
    frame(readHex(said.recipient)),
    readHex(said.acceptance),
    Uint8Array.of(placeOf(EVENTS, said.event), placeOf(STATES, said.state)),
    ...numbers,
    readHex(said.positionTag),
    readHex(said.policy),
    writeSet(said.held),
    writeSet(said.left),
    frame(said.claim ? join(readHex(said.claim.id), readHex(said.claim.keyId)) : new Uint8Array()),
    Uint8Array.of(said.development ? 1 : 0),
  );
}

/** What the leaf says in place of what was said; of where it is good, and under which terms, the leaf has a hash alone. */
function restate(said: Attestation, entry: Entry, index: number): Attestation {
  const { event, state, acceptance, revision, moment, lapsesAt, held, left, claim } = entry;
  const positionTag = claim && event !== "seize" ? claim.positionTag : said.positionTag;
  return { ...said, event, state, acceptance, revision, moment, lapsesAt, held, left, logIndex: index, positionTag, claim };
}

async function requireSigned(statement: Uint8Array, keyId: Uint8Array, signature: Uint8Array, keys: string[]): Promise<string | null> {
  for (const key of keys) {
    if (writeHex(await sha256(readHex(key))) !== writeHex(keyId)) continue;
    if (!(await canVerifySignatures())) return null;
    if (await isSigned(statement, signature, readHex(key))) return key;
    throw new ProofError("the pinned key did not sign this attestation");
  }
  throw new ProofError("signed by a key that is not pinned");
}

/** With addresses that are pinned, one of them has to have signed; without, a signature for a chain may not be a false one. */
async function requireSignedForChain(said: Attestation, statement: Uint8Array, parts: Record<string, string>, signers: string[]): Promise<string | null> {
  if (parts["eip712_signature"] === undefined) {
    if (signers.length > 0) throw new ProofError("not signed for the chain");
    return null;
  }
  const [digest, signer, signature] = [part(parts, "eip712_digest"), part(parts, "eip712_signer"), part(parts, "eip712_signature")];
  if (writeHex(await digestOf(said, statement)) !== writeHex(digest)) throw new ProofError("signed for the chain over something else");
  if (signers.length > 0 && !signers.includes(writeHex(signer))) throw new ProofError("signed for the chain by an address that is not pinned");
  if (writeHex(recoverSigner(digest, signature)) !== writeHex(signer)) throw new ProofError("the signature for the chain is of another address");
  return writeHex(signer);
}

/** The EIP-712 digest that the contract at the destination computes. */
export async function digestOf(said: Attestation, statement: Uint8Array): Promise<Uint8Array> {
  const contract = readHex(said.contract);
  if (contract.length !== ADDRESS_BYTES) throw new ProofError("signed for a chain that cannot check it");
  const domain = [hashText(DOMAIN_TYPE), hashText("Ringfence"), hashText("1"), writeWord(said.chainId), join(new Uint8Array(12), contract)];
  const words = [
    hashText(TYPE),
    await sha256(statement),
    hashText(said.verifier),
    hashText(said.domain),
    keccak_256(readHex(said.recipient)),
    readHex(said.acceptance),
    writeWord(BigInt(placeOf(EVENTS, said.event))),
    writeWord(BigInt(placeOf(STATES, said.state))),
    writeWord(BigInt(said.revision)),
    readHex(said.positionTag),
    readHex(said.policy),
    keccak_256(join(...said.held.map(readHex))),
    keccak_256(join(...said.left.map(readHex))),
    writeWord(BigInt(said.moment)),
    writeWord(BigInt(said.lapsesAt)),
    writeWord(said.development ? 1n : 0n),
  ];
  return keccak_256(join(Uint8Array.of(0x19, 1), keccak_256(join(...domain)), keccak_256(join(...words))));
}

/** Whose signature it is, in its one spelling: r, s in its lower half, v 27 or 28. */
function recoverSigner(digest: Uint8Array, signature: Uint8Array): Uint8Array {
  const recovery = (signature.at(-1) ?? 0) - 27;
  if (signature.length !== CHAIN_SIGNATURE_BYTES || (recovery !== 0 && recovery !== 1)) throw new ProofError("no signature for a chain");
  try {
    const numbers = secp256k1.Signature.fromBytes(signature.subarray(0, -1), "compact");
    if (numbers.hasHighS()) throw new ProofError("the other one of two spellings");
    const key = numbers.addRecoveryBit(recovery).recoverPublicKey(digest).toBytes(false);
    return keccak_256(key.subarray(1)).subarray(-ADDRESS_BYTES);
  } catch (error) {
    throw error instanceof ProofError ? error : new ProofError("no signature for a chain");
  }
}

function readDocument(document: string): Record<string, string> {
  if (document.length > LONGEST_DOCUMENT) throw new ProofError("no attestation is so long");
  const parts = parse(document);
  if (typeof parts !== "object" || parts === null || !("format" in parts) || parts.format !== FORMAT) throw new ProofError("a document of another format");
  return parts as Record<string, string>;
}

function parse(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    throw new ProofError("no document");
  }
}

function part(parts: Record<string, string>, name: string): Uint8Array {
  const text = parts[name];
  if (typeof text !== "string") throw new ProofError(`an attestation without ${name}`);
  return readHex(text);
}

function readText(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new ProofError("no text");
  }
}

function placeOf(names: readonly string[], name: string): number {
  return names.indexOf(name);
}

function hashText(text: string): Uint8Array {
  return keccak_256(new TextEncoder().encode(text));
}

function frame(data: Uint8Array): Uint8Array {
  return join(writeNumber(BigInt(data.length), 2), data);
}

function writeSet(elements: string[]): Uint8Array {
  return join(Uint8Array.of(elements.length), ...elements.map(readHex));
}

function writeWord(value: bigint): Uint8Array {
  return writeNumber(value, DIGEST_BYTES);
}

function writeNumber(value: bigint, bytes: number): Uint8Array {
  return readHex(value.toString(16).padStart(2 * bytes, "0"));
}
