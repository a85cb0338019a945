import type { AppendRequest } from '../core/message';
import type { Entry, EntryKind } from '../core/types';

/**
 * A Batch of one AppendRequest, by hand: nearly all traffic of a busy group, and protobufjs makes some ten objects for
 * each entry. The bytes are those of raft.proto; whatever else is in a batch is for the general codec.
 */
const ENTRY_KINDS: readonly EntryKind[] = ['data', 'noop', 'config'];

/** Field number and wire type, as they stand before a value. */
const MESSAGES = (1 << 3) | 2;
const TERM = 1 << 3;
const APPEND = (4 << 3) | 2;
const PREV_INDEX = 1 << 3;
const PREV_TERM = 2 << 3;
const ENTRIES = (3 << 3) | 2;
const COMMIT_INDEX = 4 << 3;
const KIND = 2 << 3;
const DATA = (3 << 3) | 2;

export function encodeAppendBatch({ term, prevIndex, prevTerm, entries, commitIndex }: AppendRequest): Buffer {
  let bytes = 3 + sizeOf(prevIndex) + sizeOf(prevTerm) + sizeOf(commitIndex);
  for (const entry of entries) bytes += delimited(entrySize(entry));
  const message = 1 + sizeOf(term) + delimited(bytes);
  const out = new Writer(Buffer.allocUnsafe(delimited(message)));
  out.field(MESSAGES, message);
  out.field(TERM, term);
  out.field(APPEND, bytes);
  out.field(PREV_INDEX, prevIndex);
  out.field(PREV_TERM, prevTerm);
  for (const entry of entries) {
    out.field(ENTRIES, entrySize(entry));
    out.field(TERM, entry.term);
    out.field(KIND, ENTRY_KINDS.indexOf(entry.kind));
    out.field(DATA, entry.data.length);
    out.bytes(entry.data);
  }
  out.field(COMMIT_INDEX, commitIndex);
  return out.target;
}

function entrySize({ term, data }: Entry): number {
  return 3 + sizeOf(term) + delimited(data.length);
}

/** Of a length-delimited field with its head. */
function delimited(bytes: number): number {
  return 1 + sizeOf(bytes) + bytes;
}

/** Bytes of a varint. @param value below 2^53 */
function sizeOf(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

class Writer {
  private at = 0;

  constructor(readonly target: Buffer) {}

  /** A field's head and its number, or the length of what follows. */
  field(head: number, value: number): void {
    this.target[this.at++] = head;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.target[this.at++] = (rest % 0x80) | 0x80;
    this.target[this.at++] = rest;
  }

  bytes(data: Buffer): void {
    data.copy(this.target, this.at);
    this.at += data.length;
  }
}

/**
 * Entries' data are slices of one copy of `bytes`.
 * @returns undefined when it is anything else than one well-formed append with fields known here
 */
export function decodeAppendBatch(bytes: Buffer): AppendRequest | undefined {
  if (bytes[0] !== MESSAGES) return undefined;
  const reader = new Reader(bytes);
  reader.skip(1);
  if (reader.varint() !== reader.left || reader.head() !== TERM) return undefined;
  const term = reader.varint();
  if (reader.head() !== APPEND || reader.varint() !== reader.left) return undefined;
  const own = new Reader(Buffer.from(bytes));
  own.skip(bytes.length - reader.left);
  return readAppend(own, term);
}

function readAppend(reader: Reader, term: number): AppendRequest | undefined {
  let prevIndex = 0;
  let prevTerm = 0;
  let commitIndex = 0;
  const entries: Entry[] = [];
  while (reader.left > 0) {
    const head = reader.head();
    if (head === PREV_INDEX && entries.length === 0) prevIndex = reader.varint();
    else if (head === PREV_TERM) prevTerm = reader.varint();
    else if (head === COMMIT_INDEX) commitIndex = reader.varint();
    else if (head !== ENTRIES || !readEntry(reader, prevIndex + 1 + entries.length, entries)) return undefined;
  }
  return reader.isWell ? { kind: 'append', term, prevIndex, prevTerm, entries, commitIndex } : undefined;
}

function readEntry(reader: Reader, index: number, into: Entry[]): boolean {
  const length = reader.varint();
  const end = reader.left - length;
  let term = 0;
  let kind: EntryKind | undefined = 'data';
  let data: Buffer = NOTHING;
  if (end < 0) return false;
  while (reader.left > end) {
    const head = reader.head();
    if (head === TERM) term = reader.varint();
    else if (head === KIND) kind = ENTRY_KINDS[reader.varint()];
    else if (head === DATA) data = reader.slice(reader.varint());
    else return false;
  }
  // The general codec looks into configurations.
  if (kind === undefined || kind === 'config' || reader.left !== end) return false;
  into.push({ index, term, kind, data });
  return true;
}

const NOTHING = Buffer.alloc(0);

class Reader {
  private at = 0;
  /** Everything read so far was there, and a number that fits. */
  isWell = true;

  constructor(private readonly source: Buffer) {}

  get left(): number {
    return this.source.length - this.at;
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  head(): number | undefined {
    return this.source[this.at++];
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 0x80) {
      const byte = this.source[this.at++];
      if (byte === undefined) return this.bad();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : this.bad();
    }
    return this.bad();
  }

  slice(bytes: number): Buffer {
    if (bytes > this.left) {
      this.bad();
      return NOTHING;
    }
    this.at += bytes;
    return this.source.subarray(this.at - bytes, this.at);
  }

  /** Nothing more is read. */
  private bad(): number {
    this.isWell = false;
    this.at = this.source.length;
    return 0;
  }
}
