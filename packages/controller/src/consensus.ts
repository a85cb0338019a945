import type { Lifecycle } from '@batonmq/host';

/** How this node stands in its group. */
export interface ConsensusStatus {
  readonly role: string;
  readonly term: number;
  readonly leaderId: string | undefined;
  /** A leader that has committed an entry of its own term, so that its state is complete. */
  readonly ready: boolean;
  /** End of its log; 0 or undefined: it has no history. */
  readonly lastIndex?: number;
}

/** What the controller needs of its consensus; a RaftNode of @batonmq/raft fits. */
export interface Consensus extends Lifecycle {
  /** Resolves with what the state machine answered when the command was applied here. */
  propose(data: Buffer, timeoutMs?: number): Promise<Buffer>;
  /** Resolves when this node's state holds everything that was accepted before the call. */
  readIndex(timeoutMs?: number): Promise<void>;
  status(): ConsensusStatus;
  /** @returns takes the listener away */
  onRoleChange(listener: (status: ConsensusStatus) => void): () => void;
}

/** The replicated state as consensus sees it. */
export interface ReplicatedState {
  apply(data: Buffer, index: number): Buffer;
  snapshot(): Buffer;
  restore(snapshot: Buffer): void;
}

export function leadsReady(status: ConsensusStatus): boolean {
  return status.role === 'leader' && status.ready;
}
