import { BatonError } from '@batonmq/host';
import type { ChangeRefusal } from './core/effect';

/**
 * - NOT_LEADER: ask `leaderHint`, when there is one. Nothing was proposed.
 * - TIMEOUT: not known whether it happened; it may still happen.
 * - DROPPED: it did not happen and will not (queue full, leadership being handed over, replaced by a later leader's entry).
 * - STOPPED: the node is stopped, or stopped itself because its disk failed.
 * - CORRUPT: storage holds what it cannot have written; the node must not start with it.
 * - STORAGE: the disk refused.
 * - LOCKED: another process has the storage open.
 * - PROTOCOL: a peer sent what is not understood.
 * - CONFIG: options that contradict each other.
 * - INVARIANT: a rule of Raft was broken by this code or its storage; better stopped than wrong.
 */
export type RaftErrorCode =
  | 'NOT_LEADER'
  | 'TIMEOUT'
  | 'DROPPED'
  | 'STOPPED'
  | 'CORRUPT'
  | 'STORAGE'
  | 'LOCKED'
  | 'PROTOCOL'
  | 'CONFIG'
  | 'INVARIANT';

export class RaftError extends BatonError<RaftErrorCode> {
  /** Of NOT_LEADER: who leads, as far as this node knows. */
  readonly leaderHint: string | undefined;
  /** Of DROPPED: why the members were not changed. */
  readonly because: ChangeRefusal | undefined;

  constructor(
    code: RaftErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; leaderHint?: string; because?: ChangeRefusal } = {},
  ) {
    super(code, message, options);
    this.leaderHint = options.leaderHint;
    this.because = options.because;
  }
}

/** @throws RaftError INVARIANT unless `holds`. Cheap and always on. */
export function invariant(holds: boolean, what: string): asserts holds {
  if (!holds) throw new RaftError('INVARIANT', what);
}
