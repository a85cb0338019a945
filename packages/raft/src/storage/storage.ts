import type { Recovered, WriteBatch } from '../core/types';

/**
 * Where a node keeps what must survive it. The owner makes one `write` at a time and waits for it.
 * Implementations pass `raftStorageConformance`.
 */
export interface RaftStorage {
  /**
   * Opens, checks and reads everything.
   * @throws RaftError CORRUPT when what is there cannot have been written by `write`; LOCKED; STORAGE
   */
  open(): Promise<Recovered>;
  /**
   * Makes a batch durable, whole or not at all. After a rejection nothing is known: the storage must not be used any more.
   * @throws RaftError STORAGE
   */
  write(batch: WriteBatch): Promise<void>;
  close(): Promise<void>;
}
