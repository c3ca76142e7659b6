/** What the console's server sends; every one of these is its word until this browser has checked it. */

import type { PinnedKey } from "./groth16/judgement.ts";

export interface Receipt {
  index: number;
  leaf: string;
  path: string[];
}

export interface Policy {
  requirement: string;
  shock_ppm: number;
  buffer_ppm: number;
  least_basket_value: string;
}

export interface Terms {
  chain_id: string;
  contract: string;
  recipient: string;
  policy: Policy | null;
  key_id: string;
  development: boolean;
  refreshed_at: number;
}

export interface Row {
  id: string;
  state: string;
  live: boolean;
  revision: number;
  accepted_at: number | null;
  changed_at: number;
  lapses_at: number;
  locks: number;
  position_tag: string | null;
  log_index: number;
  terms: Terms | null;
}

export interface Rows {
  acceptances: Row[];
  more: boolean;
  moment: number;
}

export interface Story extends Row {
  head: { origin: string; size: number; root: string; note: string };
  events: Receipt[];
  earlier: number;
  moment: number;
  /** The signed attestation of the last event as a document; nothing where the console's certificate may not have it. */
  attestation: string | null;
  /** Why it is not there although there is one: it did not hold when the console checked it. */
  attestation_failure: { reason: string; field: string; expected: string } | null;
}

export interface LogWord {
  origin: string;
  size: number;
  root: string;
  note: string;
  first: number;
  replayed: boolean;
  acceptances: number;
  live: number;
  transitions: number;
  moment: number;
}

export interface Fact {
  kind: string;
  scope: string;
  committee: string;
  signatures: number;
  prices: { feed: string; price: string; confidence: string; observed_at: number }[];
}

export interface Root {
  root: string;
  sequence: string;
  observed_at: number;
  expires_at: number;
  facts: Fact[];
}

export type Roots = Record<"book" | "market" | "locks", Root | null>;

export interface Trust {
  verifier: string;
  domain: string;
  log: { origin: string; key: string };
  /** Whose attestations count, as the anchor of the console pins it. */
  pinned: { verifier: string; domain: string; keys: string[]; signers: string[] };
  keys: PinnedKey[];
  committees: {
    purpose: string;
    scope: string;
    digest: string;
    threshold: number;
    quorum: number;
    members: number;
    longest_age_seconds: number;
  }[];
  destinations: { chain_id: string; contract: string; entry: Policy; upkeep: Policy; acceptance_seconds: number }[];
}

/** A counter: since the verifier began, and within the last seconds that the console has looked. */
interface Counted {
  count: number;
  recent: number;
}

export interface Measures {
  claims: (Counted & { purpose: string; outcome: string; reason: string })[];
  calls: (Counted & { code: string; reason: string })[];
  alarms: (Counted & { alarm: string })[];
  milli_rates: number[];
  recent_seconds: number;
}

export interface Part {
  kind: "good" | "denied" | "absent" | "unreachable" | "failed" | "broken";
  reason?: string;
  field?: string;
  expected?: string;
}

export class FetchError extends Error {}

/** One answer, or what was said instead of it. */
export async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (response.status === 401) throw new FetchError("This page was opened by another run of the console: open the address in its terminal.");
  const said = (await response.json()) as T & { error?: { reason?: string; expected?: string } };
  if (!response.ok) throw new FetchError([said.error?.reason, said.error?.expected].filter(Boolean).join(": expected "));
  return said;
}
