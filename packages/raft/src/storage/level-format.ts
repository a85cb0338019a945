import type { Checksums } from '@batonmq/host';
import type { Configuration, Entry, EntryKind, HardState, LogPoint } from '../core/types';
import { RaftError } from '../errors';

/**
 * Keys, in their order in the database:
 *
 *     "b"                  where the log begins
 *     "e" | index u64      an entry
 *     "h"                  hard state
 *     "s"                  the snapshot's record
 *     "t" | index u64 | n u32    a piece of the snapshot's data
 *     "v"                  version of this format
 */
export const Key = {
  base: Buffer.from('b'),
  hardState: Buffer.from('h'),
  snapshot: Buffer.from('s'),
  version: Buffer.from('v'),
  entry: (index: number): Buffer => indexKey(0x65, index, 9),
  chunk(index: number, n: number): Buffer {
    const key = indexKey(0x74, index, 13);
    key.writeUInt32BE(n, 9);
    return key;
  },
};

export const FORMAT_VERSION = 1;
export const SNAPSHOT_PIECE_BYTES = 1 << 20;

function indexKey(prefix: number, index: number, bytes: number): Buffer {
  const key = Buffer.allocUnsafe(bytes);
  key[0] = prefix;
  writeU64(key, index, 1);
  return key;
}

function writeU64(target: Buffer, value: number, at: number): void {
  target.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  target.writeUInt32BE(value % 0x1_0000_0000, at + 4);
}

function readU64(source: Buffer, at: number): number {
  return source.readUInt32BE(at) * 0x1_0000_0000 + source.readUInt32BE(at + 4);
}

export interface SnapshotRecord extends LogPoint {
  readonly bytes: number;
  readonly pieces: number;
  readonly crc: number;
  /** Absent when written by a version without membership change. */
  readonly configuration?: Configuration;
}

const KINDS: readonly EntryKind[] = ['data', 'noop', 'config'];
const ENTRY_HEADER_BYTES = 13;

/** Values, each with a CRC-32 over its key's index (where it has one) and everything behind the checksum. */
export class LevelFormat {
  private readonly indexBytes = Buffer.alloc(8);

  constructor(private readonly checksums: Checksums) {}

  crc32(bytes: Buffer): number {
    return this.checksums.crc32(bytes);
  }

  /**
   *     0        4        5           13
   *     | crc u32 | kind u8 | term u64 | data |      big-endian
   */
  encodeEntry(entry: Entry): Buffer {
    const value = Buffer.allocUnsafe(ENTRY_HEADER_BYTES + entry.data.length);
    value[4] = KINDS.indexOf(entry.kind);
    writeU64(value, entry.term, 5);
    entry.data.copy(value, ENTRY_HEADER_BYTES);
    value.writeUInt32BE(this.entryCrc(entry.index, value), 0);
    return value;
  }

  /** @throws RaftError CORRUPT */
  decodeEntry(key: Buffer, value: Buffer): Entry {
    const index = readU64(key, 1);
    const kind = KINDS[value[4] ?? 255];
    if (value.length < ENTRY_HEADER_BYTES || value.readUInt32BE(0) !== this.entryCrc(index, value)) {
      throw corrupt(`log entry ${index} does not fit its checksum`);
    }
    if (kind === undefined) throw corrupt(`log entry ${index} is of an unknown kind ${value[4]}`);
    return { index, term: readU64(value, 5), kind, data: value.subarray(ENTRY_HEADER_BYTES) };
  }

  private entryCrc(index: number, value: Buffer): number {
    writeU64(this.indexBytes, index, 0);
    return this.checksums.crc32(value.subarray(4), this.checksums.crc32(this.indexBytes));
  }

  /** Small records are JSON behind a checksum: | crc u32 | JSON |. */
  private encodeRecord(record: object): Buffer {
    const text = Buffer.from(JSON.stringify(record));
    const value = Buffer.alloc(4 + text.length);
    text.copy(value, 4);
    value.writeUInt32BE(this.checksums.crc32(text), 0);
    return value;
  }

  private decodeRecord(value: Buffer, what: string): Record<string, unknown> {
    if (value.length < 4 || value.readUInt32BE(0) !== this.checksums.crc32(value.subarray(4))) {
      throw corrupt(`${what} does not fit its checksum`);
    }
    return JSON.parse(value.toString('utf8', 4)) as Record<string, unknown>;
  }

  encodeHardState(hardState: HardState): Buffer {
    return this.encodeRecord(hardState);
  }

  decodeHardState(value: Buffer): HardState {
    const record = this.decodeRecord(value, 'the hard state');
    const votedFor = record['votedFor'];
    return { term: Number(record['term']), votedFor: typeof votedFor === 'string' ? votedFor : undefined };
  }

  encodeBase(base: LogPoint): Buffer {
    return this.encodeRecord({ index: base.index, term: base.term });
  }

  decodeBase(value: Buffer): LogPoint {
    const { index, term } = this.decodeRecord(value, 'the beginning of the log');
    return { index: Number(index), term: Number(term) };
  }

  encodeSnapshot(record: SnapshotRecord): Buffer {
    return this.encodeRecord(record);
  }

  decodeSnapshot(value: Buffer): SnapshotRecord {
    const record = this.decodeRecord(value, 'the snapshot record');
    const { index, term, bytes, pieces, crc } = record;
    const configuration = record['configuration'] as Configuration | undefined;
    return {
      index: Number(index),
      term: Number(term),
      bytes: Number(bytes),
      pieces: Number(pieces),
      crc: Number(crc),
      ...(configuration === undefined ? {} : { configuration }),
    };
  }
}

export function corrupt(what: string, cause?: unknown): RaftError {
  const hint =
    'this node must not take part with a damaged log: remove its storage directory only if a majority of the others is healthy';
  return new RaftError('CORRUPT', `raft storage is damaged: ${what}`, { hint, cause });
}
