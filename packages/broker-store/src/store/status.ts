import type { Writing } from '../put/writing';
import type { Reading } from '../read/reading';
import type { CrcWalk } from './crc-walk';
import type { StoreParts } from './store-parts';

/** Counters since the start, in plain fields. */
export interface StoreStatus {
  readonly bootTimestamp: number;
  readonly putCount: number;
  readonly putBytes: number;
  readonly putRefused: number;
  readonly getCount: number;
  readonly getFoundCount: number;
  readonly getMessageCount: number;
  readonly getBytes: number;
  readonly dispatchedCount: number;
  readonly skippedCount: number;
  readonly tailCacheBytes: number;
  readonly flushedOffset: number;
  readonly writtenOffset: number;
  readonly diskUsedRatio: number;
  readonly failed: string | undefined;
  /** Parts of the log that the CRC walk of this round found damaged. */
  readonly damagedRanges: number;
  /** Parts that were damaged and are whole again. */
  readonly repairedRanges: number;
}

export function statusOf(
  parts: StoreParts,
  bootTimestamp: number,
  writing: Writing,
  reading: Reading,
  crcWalk: CrcWalk,
): StoreStatus {
  const { commitLog, dispatcher, cleaner } = parts;
  const { putCount, putBytes, putRefused, flusher } = writing;
  const { getCount, getFoundCount, getMessageCount, getBytes } = reading;
  return {
    bootTimestamp,
    putCount,
    putBytes,
    putRefused,
    getCount,
    getFoundCount,
    getMessageCount,
    getBytes,
    dispatchedCount: dispatcher.dispatchedCount,
    skippedCount: dispatcher.skippedCount,
    tailCacheBytes: commitLog.cachedBytes,
    flushedOffset: flusher.flushed,
    writtenOffset: commitLog.writtenEnd,
    diskUsedRatio: cleaner.usedRatio,
    failed: commitLog.failed?.message,
    damagedRanges: crcWalk.damaged.length,
    repairedRanges: crcWalk.repairedRanges,
  };
}
