/**
 * The last head that this browser has seen and found good, kept across visits: whoever remembers it cannot be shown
 * another history. A head that does not continue it is refused, and the old one is kept.
 */

import { signal } from "@preact/signals";
import { ask, type LogWord } from "./answers.ts";
import { canVerifySignatures, type Head, readNote, verifyNote } from "./note.ts";
import { ProofError, readHex, verifyConsistency } from "./proofs.ts";

export interface Check {
  head: Head;
  since: Head | null;
  path: string[];
  signature: "good" | "unsupported";
}

export const check = signal<Check | null>(null);
export const alarm = signal<string | null>(null);

const PREFIX = "ringfence head ";
let checking = false;

/** Check a head that was announced, unless it is the one that was checked last. */
export async function takeHead(word: LogWord, key: string): Promise<void> {
  const last = check.value?.head;
  if (checking || alarm.value !== null || (last?.size === word.size && last.root === word.root)) return;
  checking = true;
  try {
    const supported = await canVerifySignatures();
    const head = supported ? await verifyNote(word.note, word.origin, key) : readNote(word.note);
    if (head.size !== word.size || head.root !== word.root) throw new ProofError("the note says something else");
    const since = remembered(head.origin);
    const path = since && since.size > 0 ? await requireContinued(since, head) : [];
    localStorage.setItem(PREFIX + head.origin, JSON.stringify(head));
    check.value = { head, since, path, signature: supported ? "good" : "unsupported" };
  } catch (error) {
    if (error instanceof ProofError) alarm.value = error.message;
  } finally {
    checking = false;
  }
}

async function requireContinued(since: Head, head: Head): Promise<string[]> {
  if (head.size < since.size) throw new ProofError(`the log has ${head.size} leaves, and had ${since.size}`);
  const roots = [readHex(since.root), readHex(head.root)] as const;
  const { path } =
    since.size === head.size
      ? { path: [] }
      : await ask<{ path: string[] }>(`api/log/consistency?first=${since.size}&second=${head.size}`);
  await verifyConsistency(since.size, head.size, ...roots, path.map(readHex));
  return path;
}

/** Forget the head of a log, which only a person may decide. */
export function forget(origin: string): void {
  localStorage.removeItem(PREFIX + origin);
  alarm.value = null;
  check.value = null;
}

function remembered(origin: string): Head | null {
  const kept = localStorage.getItem(PREFIX + origin);
  return kept === null ? null : (JSON.parse(kept) as Head);
}
