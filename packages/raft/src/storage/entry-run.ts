import type { Checksums } from '@batonmq/host';
import type { Entry, EntryKind } from '../core/types';
import { corrupt } from './corrupt';
import { readU64, writeU64 } from './u64';

/** A run grows to this, so that a cut in its middle, and what is kept of it below the beginning of the log, stay cheap. */
const RUN_BYTES = 256 << 10;
const HEADER_BYTES = 25;
const KINDS: readonly EntryKind[] = ['data', 'noop', 'config'];

/** Consecutive entries in one value, under the key of the first: LevelDB's cost is by the key. */
export interface EntryRun {
  readonly first: number;
  readonly value: Buffer;
}

/**
 * Each entry has a checksum of its own, over everything that follows it:
 *
 *     0         4         8         9          17        25
 *     | crc u32 | n u32   | kind u8 | index u64 | term u64 | n bytes of data |      big-endian
 */
export class RunFormat {
  constructor(private readonly checksums: Checksums) {}

  /** @param entries with consecutive indexes */
  encode(entries: readonly Entry[]): EntryRun[] {
    const runs: EntryRun[] = [];
    for (let from = 0; from < entries.length;) {
      let bytes = 0;
      let end = from;
      for (; end < entries.length; end++) {
        const more = HEADER_BYTES + (entries[end] as Entry).data.length;
        if (end > from && bytes + more > RUN_BYTES) break;
        bytes += more;
      }
      runs.push({ first: (entries[from] as Entry).index, value: this.encodeRun(entries, from, end, bytes) });
      from = end;
    }
    return runs;
  }

  private encodeRun(entries: readonly Entry[], from: number, end: number, bytes: number): Buffer {
    const value = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (let i = from; i < end; i++) {
      const { index, term, kind, data } = entries[i] as Entry;
      const next = at + HEADER_BYTES + data.length;
      value.writeUInt32BE(data.length, at + 4);
      value[at + 8] = KINDS.indexOf(kind);
      writeU64(value, index, at + 9);
      writeU64(value, term, at + 17);
      data.copy(value, at + HEADER_BYTES);
      value.writeUInt32BE(this.checksums.crc32(value.subarray(at + 4, next)), at);
      at = next;
    }
    return value;
  }

  /**
   * Appends the entries of a run to `into`; their data are slices of `value`.
   * @throws RaftError CORRUPT
   */
  decode(first: number, value: Buffer, into: Entry[]): void {
    let expected = first;
    for (let at = 0; at < value.length; expected++) {
      const next = at + HEADER_BYTES + (value.length - at < HEADER_BYTES ? 0 : value.readUInt32BE(at + 4));
      if (next > value.length) throw corrupt(`log entry ${expected} is cut off`);
      if (value.readUInt32BE(at) !== this.checksums.crc32(value.subarray(at + 4, next))) {
        throw corrupt(`log entry ${expected} does not fit its checksum`);
      }
      const kind = KINDS[value[at + 8] as number];
      if (kind === undefined) throw corrupt(`log entry ${expected} is of an unknown kind ${value[at + 8]}`);
      const index = readU64(value, at + 9);
      if (index !== expected) throw corrupt(`log entry ${index} is at the place of ${expected}`);
      into.push({ index, term: readU64(value, at + 17), kind, data: value.subarray(at + HEADER_BYTES, next) });
      at = next;
    }
    if (expected === first) throw corrupt(`log entry ${first} is empty`);
  }

  /** The same run without the entries above `last`, which it has. */
  cut({ first, value }: EntryRun, last: number): Buffer {
    const kept: Entry[] = [];
    this.decode(first, value, kept);
    const dropped = kept[last + 1 - first];
    return dropped === undefined ? value : value.subarray(0, dropped.data.byteOffset - value.byteOffset - HEADER_BYTES);
  }
}
