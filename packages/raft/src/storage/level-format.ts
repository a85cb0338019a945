import type { Checksums } from '@batonmq/host';
import type { Configuration, HardState, LogPoint } from '../core/types';
import { corrupt } from './corrupt';
import { readU64, writeU64 } from './u64';

/**
 * Keys, in their order in the database:
 *
 *     "b"                  where the log begins
 *     "h"                  hard state
 *     "r" | index u64      a run of entries, the first of which is at `index`; see RunFormat
 *     "s"                  the snapshot's record
 *     "t" | index u64 | n u32    a piece of the snapshot's data
 *     "v"                  version of this format
 */
export const Key = {
  base: Buffer.from('b'),
  hardState: Buffer.from('h'),
  snapshot: Buffer.from('s'),
  version: Buffer.from('v'),
  run: (first: number): Buffer => indexKey(0x72, first, 9),
  firstOf: (key: Buffer): number => readU64(key, 1),
  chunk(index: number, n: number): Buffer {
    const key = indexKey(0x74, index, 13);
    key.writeUInt32BE(n, 9);
    return key;
  },
};

/** 1 had a key for each entry. */
export const FORMAT_VERSION = 2;
export const SNAPSHOT_PIECE_BYTES = 1 << 20;

function indexKey(prefix: number, index: number, bytes: number): Buffer {
  const key = Buffer.allocUnsafe(bytes);
  key[0] = prefix;
  writeU64(key, index, 1);
  return key;
}

export interface SnapshotRecord extends LogPoint {
  readonly bytes: number;
  readonly pieces: number;
  readonly crc: number;
  /** Absent when written by a version without membership change. */
  readonly configuration?: Configuration;
}

/** Small values, each JSON behind a CRC-32 of it. */
export class LevelFormat {
  constructor(private readonly checksums: Checksums) {}

  crc32(bytes: Buffer): number {
    return this.checksums.crc32(bytes);
  }

  /** | crc u32 | JSON | */
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
