import { BatonError } from '@batonmq/host';

/**
 * - STORE_LOCKED: another process, or another store of this one, uses the directory
 * - STORE_CORRUPT: something in the directory contradicts the format and cannot be repaired without losing data
 * - STORE_UNSUPPORTED: the directory holds what this store does not read (RocksDB queues, DLedger logs)
 * - STORE_FAILED: a write or sync failed; the store refuses writes until the disk takes them again
 * - STORE_STOPPED: the store is not loaded, or has been stopped
 * - NOT_A_MESSAGE_BOUNDARY: a cut was asked for where no message begins
 * - OFFSET_MISMATCH: replica bytes that do not continue the log, or cross a file end
 * - BAD_OPTION: an option that cannot work
 */
export type StoreErrorCode =
  | 'STORE_LOCKED'
  | 'STORE_CORRUPT'
  | 'STORE_UNSUPPORTED'
  | 'STORE_FAILED'
  | 'STORE_STOPPED'
  | 'NOT_A_MESSAGE_BOUNDARY'
  | 'OFFSET_MISMATCH'
  | 'BAD_OPTION';

export class StoreError extends BatonError<StoreErrorCode> {}
