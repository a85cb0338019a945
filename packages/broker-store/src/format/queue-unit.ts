import { readInt32, readInt64, writeInt64 } from './int64';

/**
 *     0               8          12              20      big-endian
 *     | phy  i64      | size i32 | tags code i64 |       the record's place, its size, tag hash or delivery time
 *
 * @source ConsumeQueue
 */
export const UNIT_BYTES = 20;

/** Size field of the units that fill a queue below its first message: phy 0, tags code 0. */
export const BLANK_UNIT_SIZE = 0x7fff_ffff;

export function writeUnit(target: Buffer, at: number, phy: number, size: number, tagsCode: number): void {
  writeInt64(target, phy, at);
  target.writeInt32BE(size, at + 8);
  writeInt64(target, tagsCode, at + 12);
}

export function unitPhy(units: Buffer, at: number): number {
  return readInt64(units, at);
}

export function unitSize(units: Buffer, at: number): number {
  return readInt32(units, at + 8);
}

export function unitTagsCode(units: Buffer, at: number): number {
  return readInt64(units, at + 12);
}

/**
 * Place in `consumequeue_ext` that stands in the field of the tags code instead of it (position - 2^63, below every tags
 * code); -1 when the field is a tags code.
 */
export function unitExtPosition(units: Buffer, at: number): number {
  const high = units.readInt32BE(at + 12);
  return high < -1 ? (high & 0x7fff_ffff) * 0x1_0000_0000 + units.readUInt32BE(at + 16) : -1;
}

/** Puts such a place where the tags code is. */
export function writeExtPosition(target: Buffer, at: number, position: number): void {
  target.writeInt32BE(Math.floor(position / 0x1_0000_0000) | 0x8000_0000, at + 12);
  target.writeInt32BE(position | 0, at + 16);
}

/** Zeros are not units. */
export function isUnit(units: Buffer, at: number): boolean {
  return unitSize(units, at) > 0 && units.readInt32BE(at) >= 0;
}

export function isBlankUnit(units: Buffer, at: number): boolean {
  return unitSize(units, at) === BLANK_UNIT_SIZE && unitPhy(units, at) === 0;
}

/** `count` blank units. */
export function blankUnits(count: number): Buffer {
  const one = Buffer.alloc(UNIT_BYTES);
  writeUnit(one, 0, 0, BLANK_UNIT_SIZE, 0);
  return Buffer.alloc(count * UNIT_BYTES, one);
}
