/**
 * What the prover's page asks of the prover. Everything needs the key of this tab, which came in the fragment of the
 * first address: no server is sent it, and no page of another port or site can read where it is kept.
 */

const KEY = "ringfence key";
const GIVEN = /^#key=([A-Za-z0-9_-]{20,100})$/;

export interface Refusal {
  reason?: string;
  field?: string;
  expected?: string;
}

export class RefusedError extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.expected ?? "no answer");
  }
}

/** Take the key out of the address; whether this tab has one. */
export function takeKey(): boolean {
  const given = GIVEN.exec(location.hash)?.[1];
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", "#/");
  }
  return sessionStorage.getItem(KEY) !== null;
}

export async function ask<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  const said = new URLSearchParams(query).toString();
  return (await answer(await fetch(said ? `${path}?${said}` : path, { headers: headers() }))).json() as Promise<T>;
}

/** Have something done. */
export async function tell<T>(path: string, wanted: Record<string, string>): Promise<T> {
  const body = JSON.stringify(wanted);
  const response = await fetch(path, { method: "POST", headers: { ...headers(), "content-type": "application/json" }, body });
  return (await answer(response)).json() as Promise<T>;
}

/** A file, saved by the browser under a name. */
export async function save(path: string, name: string): Promise<void> {
  const content = await (await answer(await fetch(path, { headers: headers() }))).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function headers(): Record<string, string> {
  return { accept: "application/json", "x-ringfence-key": sessionStorage.getItem(KEY) ?? "" };
}

async function answer(response: Response): Promise<Response> {
  if (response.ok) return response;
  if (response.status === 401) throw new RefusedError({ expected: "the address in the prover's terminal: this page belongs to another run of it" });
  const said = (await response.json().catch(() => ({}))) as { error?: Refusal };
  throw new RefusedError(said.error ?? { expected: `an answer, and not status ${response.status}` });
}
