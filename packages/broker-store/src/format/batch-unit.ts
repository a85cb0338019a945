import { readInt64, writeInt64 } from './int64';

/**
 * A unit of a batch queue: one record, with one message or a batch of them. Big-endian. @source BatchConsumeQueue
 *
 *     0         8          12             20              28        36         38               42
 *     | phy i64 | size i32 | tags code i64 | store time i64 | base i64 | count i16 | compacted i32 | 0 i32 |
 *
 * `base` is the queue offset of the first message; `compacted` is -1.
 */
export const BATCH_UNIT_BYTES = 46;
export const MAX_BATCH_COUNT = 0x7fff;

/** Reads a unit in place; one object is reused for all. */
export class BatchUnit {
  phy = 0;
  size = 0;
  tagsCode = 0;
  storeTimestamp = 0;
  base = 0;
  count = 0;

  /** @returns false for what is no unit, zeros above all */
  read(bytes: Buffer, at: number): boolean {
    this.phy = readInt64(bytes, at);
    this.size = bytes.readInt32BE(at + 8);
    this.tagsCode = readInt64(bytes, at + 12);
    this.storeTimestamp = readInt64(bytes, at + 20);
    this.base = readInt64(bytes, at + 28);
    this.count = bytes.readInt16BE(at + 36);
    return this.phy >= 0 && this.size > 0 && this.base >= 0 && this.count > 0;
  }
}

export function writeBatchUnit(target: Buffer, unit: Readonly<Omit<BatchUnit, 'read'>>): void {
  writeInt64(target, unit.phy, 0);
  target.writeInt32BE(unit.size, 8);
  writeInt64(target, unit.tagsCode, 12);
  writeInt64(target, unit.storeTimestamp, 20);
  writeInt64(target, unit.base, 28);
  target.writeInt16BE(unit.count, 36);
  target.writeInt32BE(-1, 38);
  target.writeInt32BE(0, 42);
}
