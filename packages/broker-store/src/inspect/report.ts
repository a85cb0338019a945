/** One thing that is wrong in a directory. */
export interface StoreProblem {
  /** File, from the directory. */
  readonly file: string;
  /** Offset in the log, or in the file where it is not of the log. */
  readonly offset?: number;
  readonly what: string;
  readonly advice: string;
}

export interface SegmentReport {
  readonly file: string;
  readonly start: number;
  readonly bytes: number;
  /** Whole, checked records. */
  readonly records: number;
  /** Where they end; behind it are a blank, zeros, or damage. */
  readonly endOffset: number;
  /** storeTimestamp of the first and the last; 0 without one. */
  readonly firstTimestamp: number;
  readonly lastTimestamp: number;
}

export interface QueueReport {
  readonly topic: string;
  readonly queueId: number;
  readonly files: number;
  /** Of the first unit that is not blank, and one past the last. */
  readonly minOffset: number;
  readonly maxOffset: number;
  /** Where the record of the last unit ends; -1 without one. */
  readonly endOffset: number;
}

export interface IndexReport {
  readonly file: string;
  readonly entries: number;
  readonly beginTimestamp: number;
  readonly endTimestamp: number;
  readonly beginOffset: number;
  readonly endOffset: number;
}

/** What `inspectStore` found. Nothing of it is changed by looking. */
export interface StoreReport {
  readonly directory: string;
  /** The last owner stopped in good order. False also while it runs. */
  readonly cleanStop: boolean;
  readonly minOffset: number;
  /** End of the last whole record. */
  readonly maxOffset: number;
  readonly records: number;
  readonly segments: readonly SegmentReport[];
  readonly queues: readonly QueueReport[];
  /** Of epochFileCheckpoint: empty without one. */
  readonly epochs: readonly { readonly epoch: number; readonly startOffset: number }[];
  /** undefined: there is none. */
  readonly checkpoint:
    | {
        readonly logTimestamp: number;
        readonly queuesTimestamp: number;
        readonly indexTimestamp: number;
        readonly masterFlushedOffset: number;
        readonly confirmOffset: number;
      }
    | undefined;
  readonly indexFiles: readonly IndexReport[];
  /** The first one, in the order log, queues, epochs, index. undefined: nothing was found. */
  readonly problem: StoreProblem | undefined;
}
