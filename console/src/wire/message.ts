/**
 * Messages in the bytes of protobuf, read as every program reads them that was generated from the protos.
 *
 *     field     tag = number * 8 + kind, then    0 varint    1 eight bytes    2 length, bytes    3 fields, end 4    5 four bytes
 *     varint    seven bits a byte, the lowest first; the top bit says that more follow
 *
 * Of a value that stands twice the last one counts, an inner message that stands twice is one with the parts of both, and
 * of a choice the last one is made. A field that a layout does not have, or has with another kind, is passed over.
 */

/** What a field of a layout holds: a message, bytes, text, or a number of so many bits. */
export type Content = Layout | "bytes" | "text" | 32 | 64;

export interface Field {
  name: string;
  holds: Content;
  /** Each one counts, and not the last alone. */
  isList?: boolean;
  /** A field of the same choice that came before it does not count. */
  choice?: string;
}

/** Fields by their numbers. */
export interface Layout {
  readonly [number: number]: Field;
}

/** Bytes that are no message. */
export class UnreadableError extends Error {}

type Value = Message | Uint8Array | string | bigint;
type Kind = 0 | 1 | 2 | 3 | 4 | 5;

const [VARINT, EIGHT_BYTES, DELIMITED, GROUP, GROUP_END, FOUR_BYTES] = [0, 1, 2, 3, 4, 5] as const;
const DEEPEST = 100;
const [LONGEST_VARINT, LONGEST_SHORT_VARINT] = [10, 5];
const LARGEST_TAG = 2n ** 32n - 1n;
const LARGEST_LENGTH = 2n ** 31n - 1n;

/** The message that these bytes are, all of them. */
export function parseMessage(data: Uint8Array, layout: Layout): Message {
  const message = new Message();
  message.read(data, layout, DEEPEST);
  return message;
}

/** What a message holds; whatever it does not is empty, or zero, or not there. */
export class Message {
  private readonly values = new Map<string, Value>();
  private readonly lists = new Map<string, Uint8Array[]>();
  private readonly choices = new Map<string, string>();

  bytes(name: string): Uint8Array {
    return (this.values.get(name) as Uint8Array | undefined) ?? new Uint8Array();
  }

  text(name: string): string {
    return (this.values.get(name) as string | undefined) ?? "";
  }

  number(name: string): bigint {
    return (this.values.get(name) as bigint | undefined) ?? 0n;
  }

  list(name: string): readonly Uint8Array[] {
    return this.lists.get(name) ?? [];
  }

  part(name: string): Message | null {
    return (this.values.get(name) as Message | undefined) ?? null;
  }

  /** The field of a choice that was made, if one was. */
  chosen(choice: string): string | null {
    return this.choices.get(choice) ?? null;
  }

  /** Take fields up, behind those that are there. */
  read(data: Uint8Array, layout: Layout, depth: number): void {
    if (depth < 0) throw new UnreadableError("messages in messages");
    const reader = new Reader(data);
    while (!reader.isOver) {
      const [number, kind] = reader.readTag();
      if (number === 0) throw new UnreadableError("a field without a number");
      const field = layout[number];
      if (field !== undefined && kind === kindOf(field)) this.take(field, reader, depth);
      else reader.skip(number, kind, depth);
    }
  }

  private take({ name, holds, isList, choice }: Field, reader: Reader, depth: number): void {
    if (choice !== undefined) this.choose(choice, name);
    if (holds === 32 || holds === 64) this.values.set(name, BigInt.asUintN(holds, reader.readVarint()));
    else if (isList) this.add(name, reader.readDelimited());
    else if (holds === "bytes") this.values.set(name, reader.readDelimited());
    else if (holds === "text") this.values.set(name, decodeText(reader.readDelimited()));
    else this.inner(name).read(reader.readDelimited(), holds, depth - 1);
  }

  private add(name: string, entry: Uint8Array): void {
    const entries = this.lists.get(name) ?? [];
    entries.push(entry);
    this.lists.set(name, entries);
  }

  private inner(name: string): Message {
    const inner = this.part(name) ?? new Message();
    this.values.set(name, inner);
    return inner;
  }

  private choose(choice: string, name: string): void {
    const before = this.choices.get(choice);
    if (before !== undefined && before !== name) this.values.delete(before);
    this.choices.set(choice, name);
  }
}

class Reader {
  private at = 0;
  constructor(private readonly data: Uint8Array) {}

  get isOver(): boolean {
    return this.at === this.data.length;
  }

  readTag(): [number: number, kind: Kind] {
    const tag = Number(this.readShort(LARGEST_TAG));
    if (tag % 8 > FOUR_BYTES) throw new UnreadableError("a kind of field that there is not");
    return [Math.floor(tag / 8), (tag % 8) as Kind];
  }

  /** Bits beyond the 64th are nobody's. */
  readVarint(longest = LONGEST_VARINT): bigint {
    let value = 0n;
    for (let place = 0; place < longest; place++) {
      const [byte = 0] = this.take(1);
      value |= BigInt(byte % 128) << BigInt(7 * place);
      if (byte < 128) return value;
    }
    throw new UnreadableError("a number that is too long");
  }

  readDelimited(): Uint8Array {
    return this.take(Number(this.readShort(LARGEST_LENGTH)));
  }

  /** Pass over what a field holds; of a group its fields, up to the end that has its number. */
  skip(number: number, kind: Kind, depth: number): void {
    switch (kind) {
      case VARINT:
        return void this.readVarint();
      case EIGHT_BYTES:
        return void this.take(8);
      case DELIMITED:
        return void this.readDelimited();
      case FOUR_BYTES:
        return void this.take(4);
      case GROUP:
        return this.skipGroup(number, depth - 1);
      case GROUP_END:
        throw new UnreadableError("the end of nothing");
    }
  }

  private skipGroup(number: number, depth: number): void {
    if (depth < 0) throw new UnreadableError("groups in groups");
    for (;;) {
      const [inner, kind] = this.readTag();
      if (kind === GROUP_END && inner === number) return;
      this.skip(inner, kind, depth);
    }
  }

  private readShort(largest: bigint): bigint {
    const value = this.readVarint(LONGEST_SHORT_VARINT);
    if (value > largest) throw new UnreadableError("a number that is too large");
    return value;
  }

  private take(count: number): Uint8Array {
    if (count > this.data.length - this.at) throw new UnreadableError("a field that ends early");
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }
}

function kindOf({ holds }: Field): Kind {
  return holds === 32 || holds === 64 ? VARINT : DELIMITED;
}

function decodeText(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new UnreadableError("bytes that are no text");
  }
}
