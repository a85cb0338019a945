export type GetStatus =
  | 'FOUND'
  | 'NO_MATCHED_MESSAGE'
  | 'MESSAGE_WAS_REMOVING'
  | 'OFFSET_FOUND_NULL'
  | 'OFFSET_OVERFLOW_BADLY'
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_TOO_SMALL'
  | 'NO_MATCHED_LOGIC_QUEUE'
  | 'NO_MESSAGE_IN_QUEUE';

/** Decides which messages a reader gets. */
export interface MessageFilter {
  /** By the queue unit's tags code: low 32 bits are the hash of the tags (of the delay topic: the delivery time). */
  matchesTags?(tagsCode: number): boolean;
  /** By the record's bytes, lent for the call; asked only when the tags matched. */
  matchesMessage?(record: Buffer): boolean;
}

export interface GetResult {
  readonly status: GetStatus;
  readonly nextBeginOffset: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  /**
   * One or several whole records each; they never change and may be kept. Each keeps up to 1 MiB alive when it
   * comes from the tail cache, 64 KiB (or the one record) when it was read from the files.
   */
  readonly messages: readonly Buffer[];
  readonly count: number;
  readonly bytes: number;
  readonly suggestPullingFromSlave: boolean;
}
