/**
 * The log as RFC 6962 builds it, checked in the browser with nothing but SHA-256.
 *
 *     leaf = SHA-256(0x00, data)        node = SHA-256(0x01, left, right)
 *
 * Whoever served this page has no say in it: a leaf leads to a root, and a root to a larger one, or an error is thrown.
 */

export class ProofError extends Error {}

const DIGEST_BYTES = 32;
const LARGEST_SIZE = Number.MAX_SAFE_INTEGER;

export async function hashLeaf(data: Uint8Array): Promise<Uint8Array> {
  return sha256(join(Uint8Array.of(0), data));
}

export async function hashNode(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  return sha256(join(Uint8Array.of(1), left, right));
}

/** Refuse a proof that does not lead from the leaf to the root of a tree of `size` leaves. */
export async function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): Promise<void> {
  requireSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new ProofError(`no leaf ${index} in a tree of ${size}`);
  requireDigests([leafHash, root, ...path]);
  const steps = new Steps(path);
  let current = leafHash;
  for (let place = index, last = size - 1; last > 0; place = half(place), last = half(last)) {
    if (place % 2 === 1) current = await hashNode(steps.take(), current);
    else if (place < last) current = await hashNode(current, steps.take());
  }
  steps.requireEnd();
  requireSame(current, root, "the leaf does not lead to this root");
}

/** Refuse a proof that does not show the tree of `size` leaves to be the beginning of the `larger` one. */
export async function verifyConsistency(
  size: number,
  larger: number,
  root: Uint8Array,
  largerRoot: Uint8Array,
  path: readonly Uint8Array[],
): Promise<void> {
  requireSize(size);
  requireSize(larger);
  if (size === 0 || size > larger) throw new ProofError(`a tree of ${size} is no beginning of one of ${larger}`);
  requireDigests([root, largerRoot, ...path]);
  const steps = new Steps(path);
  if (size === larger) {
    steps.requireEnd();
    return requireSame(root, largerRoot, "two roots of one size");
  }
  let [place, last] = [size - 1, larger - 1];
  while (place % 2 === 1) [place, last] = [half(place), half(last)];
  let current = place > 0 ? steps.take() : root;
  let currentLarger = current;
  for (; last > 0; place = half(place), last = half(last)) {
    if (place % 2 === 1) {
      const step = steps.take();
      [current, currentLarger] = [await hashNode(step, current), await hashNode(step, currentLarger)];
    } else if (place < last) currentLarger = await hashNode(currentLarger, steps.take());
  }
  steps.requireEnd();
  requireSame(current, root, "the steps do not lead to the root that was seen");
  return requireSame(currentLarger, largerRoot, "the steps do not lead to the new root");
}

/** Bytes of hexadecimal digits, in their one spelling. */
export function readHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new ProofError("no hexadecimal digits");
  return Uint8Array.from({ length: text.length / 2 }, (_, place) => Number.parseInt(text.slice(2 * place, 2 * place + 2), 16));
}

export function writeHex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

class Steps {
  private taken = 0;
  constructor(private readonly path: readonly Uint8Array[]) {}

  take(): Uint8Array {
    const step = this.path[this.taken++];
    if (step === undefined) throw new ProofError("too few steps");
    return step;
  }

  requireEnd(): void {
    if (this.taken !== this.path.length) throw new ProofError("too many steps");
  }
}

/** Sizes go beyond 32 bits, where `>>` ends. */
function half(value: number): number {
  return Math.floor(value / 2);
}

function requireSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0 || size > LARGEST_SIZE) throw new ProofError(`no number of leaves: ${size}`);
}

function requireDigests(digests: readonly Uint8Array[]): void {
  if (digests.some((digest) => digest.length !== DIGEST_BYTES)) throw new ProofError("a step that is no digest");
}

function requireSame(found: Uint8Array, expected: Uint8Array, message: string): void {
  if (writeHex(found) !== writeHex(expected)) throw new ProofError(message);
}

export async function sha256(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(data)));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
