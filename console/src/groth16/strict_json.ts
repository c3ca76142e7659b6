/**
 * JSON as keys, proofs and inputs need it: bounded, and with one spelling for every value.
 *
 * What two readers could understand differently is refused: a name that stands twice, numbers with a fraction or an
 * exponent. The reader of the browser takes the last of two names and rounds numbers, so that it is not used.
 */

import { Refusal } from "./refusal.ts";

export type Json = Map<string, Json> | Json[] | string | bigint | boolean | null;

const DEEPEST = 64;
const MOST_DIGITS = 4300;
const SPACE = /[ \t\n\r]*/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const CONSTANT = /true|false|null|NaN|-?Infinity/y;
const ESCAPED: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const DECIMAL = /^(?:0|[1-9][0-9]{0,77})$/;

/** The value that these bytes are. */
export function parse(data: Uint8Array, limit: number, field: string): Json {
  if (data.length > limit) throw new Refusal("V02_TOO_LARGE", field, `more than ${limit} bytes`, `at most ${limit} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Refusal("V01_NOT_READABLE", field, "bytes that are no text", "JSON");
  }
  return new Reader(text, field).readWhole();
}

class Reader {
  private at = 0;
  private depth = 0;
  constructor(
    private readonly text: string,
    private readonly field: string,
  ) {}

  readWhole(): Json {
    const value = this.readValue();
    this.match(SPACE);
    if (this.at !== this.text.length) throw this.unreadable();
    return value;
  }

  private readValue(): Json {
    this.match(SPACE);
    switch (this.text[this.at]) {
      case "{":
        return this.readNested(() => this.readObject());
      case "[":
        return this.readNested(() => this.readList());
      case '"':
        return this.readText();
    }
    const constant = this.readConstant();
    return constant === undefined ? this.readNumber() : constant;
  }

  private readNested(read: () => Json): Json {
    if (++this.depth > DEEPEST) throw this.unreadable("too deep a nesting");
    this.at += 1;
    const value = read();
    this.depth -= 1;
    return value;
  }

  private readObject(): Json {
    const pairs: [string, Json][] = [];
    if (!this.closes("}")) {
      do {
        this.match(SPACE);
        const name = this.readText();
        this.match(SPACE);
        if (!this.take(":")) throw this.unreadable();
        pairs.push([name, this.readValue()]);
        this.match(SPACE);
      } while (this.take(","));
      if (!this.take("}")) throw this.unreadable();
    }
    const unique = new Map<string, Json>();
    for (const [name, value] of pairs) {
      if (unique.has(name)) throw new Refusal("V03_DUPLICATE_FIELD", name, "the field twice", "it once");
      unique.set(name, value);
    }
    return unique;
  }

  private readList(): Json {
    const entries: Json[] = [];
    if (this.closes("]")) return entries;
    do {
      entries.push(this.readValue());
      this.match(SPACE);
    } while (this.take(","));
    if (!this.take("]")) throw this.unreadable();
    return entries;
  }

  private readText(): string {
    if (!this.take('"')) throw this.unreadable();
    let read = "";
    for (;;) {
      read += this.match(PLAIN)?.[0] ?? "";
      if (this.take('"')) return read;
      const escape = this.match(ESCAPE);
      if (!escape) throw this.unreadable();
      const [, code, letter = ""] = escape;
      read += code === undefined ? (ESCAPED[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16));
    }
  }

  /** `undefined` where there is none; null is one. */
  private readConstant(): Json | undefined {
    const word = this.match(CONSTANT)?.[0];
    if (word === undefined) return undefined;
    if (word === "null") return null;
    if (word === "true" || word === "false") return word === "true";
    throw new Refusal("V08_NUMBER_SPELLING", "number", word, "an integer");
  }

  private readNumber(): bigint {
    const found = this.match(NUMBER);
    if (!found) throw this.unreadable();
    const [text, fraction, exponent] = found;
    if (fraction !== undefined || exponent !== undefined) throw new Refusal("V08_NUMBER_SPELLING", "number", text, "an integer");
    if (text.length > MOST_DIGITS) throw this.unreadable("a number that is too long");
    return BigInt(text);
  }

  private closes(bracket: string): boolean {
    this.match(SPACE);
    return this.take(bracket);
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  private unreadable(found = `something else at character ${this.at}`): Refusal {
    return new Refusal("V01_NOT_READABLE", this.field, found, "JSON");
  }
}

// --- What a value has to be ----------------------------------------------------------------------------

/** An object with these fields, perhaps the optional ones, and no others. */
export function requireObject(value: Json, field: string, names: readonly string[], optional: readonly string[] = []): Map<string, Json> {
  if (!(value instanceof Map)) throw wrongShape(value, field, "an object");
  for (const name of value.keys())
    if (!names.includes(name) && !optional.includes(name))
      throw new Refusal("V04_UNKNOWN_FIELD", name, name, `one of ${[...names, ...optional].join(", ")}`);
  for (const name of names) if (!value.has(name)) throw new Refusal("V05_MISSING_FIELD", name, "nothing", `field ${name}`);
  return value;
}

/** What stands in a field that `requireObject` has found. */
export function take(object: Map<string, Json>, name: string): Json {
  return object.get(name) ?? null;
}

export function requireList(value: Json, field: string, count?: number): Json[] {
  if (!Array.isArray(value)) throw wrongShape(value, field, "a list");
  if (count !== undefined && value.length !== count)
    throw new Refusal("V06_WRONG_SHAPE", field, `${value.length} entries`, `${count} entries`);
  return value;
}

/** A number in a string, in plain decimal digits without a leading zero. */
export function requireDecimal(value: Json, field: string): bigint {
  if (typeof value !== "string") throw wrongShape(value, field, "a number in a string");
  if (!DECIMAL.test(value))
    throw new Refusal("V08_NUMBER_SPELLING", field, value, "decimal digits without sign, space or leading zero, at most 78");
  return BigInt(value);
}

/** This proof system, and no other. */
export function requireSystem(document: Map<string, Json>): void {
  for (const [field, expected] of [
    ["protocol", "groth16"],
    ["curve", "bn128"],
  ] as const) {
    const found = take(document, field);
    if (found !== expected) throw new Refusal("V07_FOREIGN_SYSTEM", field, typeof found === "string" ? found : nameKind(found), expected);
  }
}

/** A number of things: a plain JSON integer. */
export function requireCount(value: Json, field: string, most: number): number {
  if (typeof value !== "bigint") throw wrongShape(value, field, "an integer");
  if (value < 0n || value > BigInt(most)) throw new Refusal("V02_TOO_LARGE", field, String(value), `0 to ${most}`);
  return Number(value);
}

function wrongShape(value: Json, field: string, expected: string): Refusal {
  return new Refusal("V06_WRONG_SHAPE", field, nameKind(value), expected);
}

function nameKind(value: Json): string {
  if (value === null) return "null";
  if (value instanceof Map) return "an object";
  if (Array.isArray(value)) return "a list";
  return { string: "a string", boolean: "a truth value", bigint: "a number" }[typeof value as "string" | "boolean" | "bigint"];
}
