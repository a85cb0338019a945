import { readInt64, writeInt64 } from './int64';

/**
 *     0            2               10                  18               20
 *     | size  i16  | tags code i64 | store time   i64  | bit map's i16  | bit map        big-endian
 *
 * The bit map is of RocketMQ's SQL filters; units without one have this size. @source ConsumeQueueExt.CqExtUnit
 */
export const EXT_UNIT_BYTES = 20;
/** Instead of a size: nothing follows in this file. */
export const EXT_END = -1;
/** Behind a unit there is room for the mark of the end. @source ConsumeQueueExt.END_BLANK_DATA_LENGTH */
export const EXT_END_BYTES = 4;

export function writeExtUnit(target: Buffer, at: number, tagsCode: number, storeTimestamp: number): void {
  target.writeInt16BE(EXT_UNIT_BYTES, at);
  writeInt64(target, tagsCode, at + 2);
  writeInt64(target, storeTimestamp, at + 10);
  target.writeInt16BE(0, at + 18);
}

/** Of the unit at `at`; undefined when there is none. */
export function extTagsCode(units: Buffer, at: number): number | undefined {
  return units.readInt16BE(at) < EXT_UNIT_BYTES ? undefined : readInt64(units, at + 2);
}
