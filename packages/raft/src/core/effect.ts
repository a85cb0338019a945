import type { Message } from './message';
import type { Configuration, Entry, NodeId, Snapshot, WriteBatch } from './types';

/**
 * What the shell must do, in this order. Order is data: a vote sent before it is durable is a lost vote, so `after:
 * 'persist'` holds a message until every persist effect before it is durable; `now` does not wait.
 */
export type Effect =
  | { readonly kind: 'persist'; readonly batch: WriteBatch }
  | { readonly kind: 'send'; readonly to: NodeId; readonly message: Message; readonly after: 'persist' | 'now' }
  /** Committed; contiguous with what was applied before. */
  | { readonly kind: 'apply'; readonly entries: readonly Entry[] }
  /** The state machine is replaced by this image. */
  | { readonly kind: 'restore'; readonly snapshot: Snapshot }
  /** Answer to `propose`: the index of its first entry, or why there is none. */
  | { readonly kind: 'proposed'; readonly firstIndex: number }
  | { readonly kind: 'refused'; readonly because: 'not-leader' | 'transferring' }
  /** A read that was asked for may be made now; everything it must see was in apply effects before this one. */
  | { readonly kind: 'read-ready'; readonly id: number }
  | { readonly kind: 'read-failed'; readonly id: number }
  | { readonly kind: 'transfer-ended'; readonly because: 'handed-over' | 'timeout' | 'no-successor' | 'not-leader' }
  /** Answer to `change`: the entry that changes the members, done when a later or the same one, not joint, is applied. */
  | { readonly kind: 'change-accepted'; readonly index: number }
  | { readonly kind: 'change-refused'; readonly because: ChangeRefusal }
  /** Another configuration is in force: these are the nodes to talk to. */
  | { readonly kind: 'configured'; readonly configuration: Configuration }
  /** Role, term, leader or readiness changed. */
  | { readonly kind: 'status' };

/**
 * - not-ready: the leader has not yet committed an entry of its own term.
 * - in-progress: the change before is not over.
 * - not-caught-up: who shall vote is no member yet, is not heard of, or lacks too much of the log.
 * - no-voters: nobody would be left.
 */
export type ChangeRefusal = 'not-leader' | 'transferring' | 'not-ready' | 'in-progress' | 'not-caught-up' | 'no-voters';
