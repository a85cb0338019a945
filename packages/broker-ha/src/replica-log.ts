/**
 * The log that is replicated, as this package needs it. `broker-store`'s `store.log` fits by structure.
 * Offsets are bytes since the beginning of the group's history; the end of a log is the offset after its last byte.
 */
export interface ReplicaLog {
  /** First offset that can be read; -1 when the log is empty. */
  minOffset(): number;
  /** End of the log, including what this turn's appends have put into the write buffer. */
  maxOffset(): number;
  /** Size of one commit log file; a packet never crosses the end of one. */
  readonly fileSize: number;
  /** Up to here messages are dispatched and visible to consumers. */
  confirmOffset(): number;
  /** End of the last whole message at or below the confirm offset, which may lie inside one. Default: that offset. */
  confirmedEnd?(): number;
  /** Dispatch follows. */
  setConfirmOffset(offset: number): void;
  /** One contiguous slice from `offset`, at most `maxBytes`, never across a file; undefined where there are no bytes. */
  read(offset: number, maxBytes: number): Buffer | undefined;
  /** Appends a master's bytes at the own end (at any offset while the log is empty). The bytes are lent for the call. */
  append(offset: number, bytes: Buffer): void;
  /** Cuts log, queues and offset table to end at `offset`; durable when it resolves. @throws StoreError NOT_A_MESSAGE_BOUNDARY */
  truncate(offset: number): Promise<void>;
  /** Makes everything appended so far durable; done before others are released from keeping it. */
  sync?(): Promise<void>;
  /** Why nothing can be written to it now; undefined: all is well. */
  failure?(): Error | undefined;
  /** Whether its machine lost power with a part of it unsynced that was acknowledged; stays so until `forgetLostTail`. */
  unsyncedTailLost?(): boolean;
  /** The controller knows. */
  forgetLostTail?(): void;
  /** Cuts half a message off the end, if one is there. @returns the new end */
  cutIncompleteTail(): Promise<number>;
  /** Recomputes the next offset of every queue, including messages above the confirm offset. */
  rebuildQueueOffsets(): void;
  /** Called once per turn after the write, with the end of what is written. @returns how to unsubscribe */
  onAppended(listener: (maxOffset: number) => void): () => void;
  /** Resolves when the queues know everything up to `offset`. Without it taking over does not wait for dispatch. */
  whenDispatched?(offset: number): Promise<void>;
}
