import type { MembershipChange } from './configuration';
import type { Message } from './message';
import type { HardState, LogPoint, NodeId } from './types';

export type What =
  /** Deadlines may have passed. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'message'; readonly from: NodeId; readonly message: Message }
  /** Everything of the persist effects up to here is durable; absent parts did not change. */
  | { readonly kind: 'persisted'; readonly hardState?: HardState; readonly last?: LogPoint }
  | { readonly kind: 'propose'; readonly data: readonly Buffer[] }
  /** Asks when a linearizable read may be made; `byLease`: without asking anybody, if possible. `id` comes back. */
  | { readonly kind: 'read'; readonly id: number; readonly byLease?: boolean }
  /** Changes who is a member. */
  | { readonly kind: 'change'; readonly change: MembershipChange }
  /** Hands leadership over, to the best successor when `to` is absent. */
  | { readonly kind: 'transfer'; readonly to?: NodeId }
  /** The state machine's image after applying `index`. */
  | { readonly kind: 'snapshot-taken'; readonly index: number; readonly data: Buffer }
  /** The transport could not deliver to `peer`: what is in flight to it may be lost. */
  | { readonly kind: 'unreachable'; readonly peer: NodeId };

/** Something happened. Time and chance come with it: the core has neither. */
export interface Event {
  readonly what: What;
  /** Monotonic milliseconds of this node; never less than in the event before. */
  readonly now: number;
  /** Uniform in [0, 1): spreads election timeouts. */
  readonly random: number;
}
