/** What happens, as the stream tells it. A stream that breaks is taken up again by the browser, one that is refused by the page. */

import { computed, signal } from "@preact/signals";
import type { LogWord, Measures, Part, Roots, Row, Trust } from "./answers.ts";
import { takeHead } from "./memory.ts";

export const log = signal<LogWord | null>(null);
export const roots = signal<Roots | null>(null);
export const trust = signal<Trust | null>(null);
export const measures = signal<Measures | null>(null);
export const parts = signal<Record<string, Part>>({});
export const changed = signal<Row | null>(null);
export const anew = signal(0);
export const isOpen = signal(false);

const UNANSWERED = "the console does not answer";
/** Of a stream that is refused, by status. */
const REFUSED: Record<number, string> = {
  401: "opened by another run of the console: open the address in its terminal",
  403: "your certificate may not see this any more: ask whoever runs the console for a role",
  503: "too many pages are open at once: close another one",
};
const AGAIN_MILLISECONDS = 5000;
/** Why nothing comes, where that is so. */
export const silence = signal(UNANSWERED);

const ticks = signal(Date.now());
const ahead = signal(0);
/** Now, by the clock of the console, in seconds since 1970. */
export const now = computed(() => Math.floor(ticks.value / 1000) + ahead.value);

function setClock(moment: number): void {
  ahead.value = moment - Math.floor(Date.now() / 1000);
}

export function follow(): void {
  setInterval(() => (ticks.value = Date.now()), 1000);
  listen();
}

function listen(): void {
  const stream = new EventSource("api/stream");
  const on = <T>(topic: string, take: (word: T) => void) =>
    stream.addEventListener(topic, (event) => take(JSON.parse((event as MessageEvent<string>).data) as T));
  stream.onopen = () => (isOpen.value = true);
  stream.onerror = () => {
    isOpen.value = false;
    if (stream.readyState === EventSource.CLOSED) void askWhy().finally(() => setTimeout(listen, AGAIN_MILLISECONDS));
  };
  on<LogWord>("log", (word) => {
    setClock(word.moment);
    log.value = word;
    checkHead();
  });
  on<Trust>("trust", (word) => {
    trust.value = word;
    checkHead();
  });
  on<Roots>("roots", (word) => (roots.value = word));
  on<Measures>("measures", (word) => (measures.value = word));
  on<Record<string, Part>>("parts", (word) => (parts.value = word));
  on<Row>("acceptance", (row) => (changed.value = row));
  on("anew", () => (anew.value += 1));
}

/** A browser does not tell a page with which status a stream was refused. */
async function askWhy(): Promise<void> {
  const over = new AbortController();
  try {
    const { status } = await fetch("api/stream", { signal: over.signal });
    silence.value = REFUSED[status] ?? UNANSWERED;
  } catch {
    silence.value = UNANSWERED;
  } finally {
    over.abort();
  }
}

function checkHead(): void {
  if (log.value && trust.value) void takeHead(log.value, trust.value.log.key);
}
