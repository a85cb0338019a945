import type { BrokerSet } from './broker-set';

/** What the newest heartbeat of a live broker says that elections look at. */
export interface LiveBroker {
  readonly clusterName: string;
  readonly brokerId: number;
  /** Last epoch in its epoch file, -1 when not told. */
  readonly epoch: number;
  /** End of its commit log, -1 when not told. Up to one heartbeat period old. */
  readonly maxOffset: number;
  /** Smaller is preferred. */
  readonly electionPriority: number;
}

/**
 * What the leader knows about the brokers of one name at the moment it proposes a command. It travels inside the
 * command, so that every replica decides alike (design decision 4, controller.md 6.3).
 */
export interface LiveView {
  readonly alive: readonly LiveBroker[];
  /** Heard before, and lost since. */
  readonly lost: readonly { readonly clusterName: string; readonly brokerId: number }[];
  /** A new leader is still listening: who is neither alive nor lost was just not heard yet (controller.md 15.11). */
  readonly listening: boolean;
}

/** The live record of a member; undefined unless it has a live heartbeat under the set's own cluster name. */
export function liveBroker(view: LiveView, set: BrokerSet, brokerId: number): LiveBroker | undefined {
  return view.alive.find((broker) => broker.brokerId === brokerId && broker.clusterName === set.clusterName);
}

/** Whether nobody may yet say that this broker is dead: it is alive, or a new leader has not listened long enough. */
export function mayBeAlive(view: LiveView, set: BrokerSet, brokerId: number): boolean {
  if (liveBroker(view, set, brokerId) !== undefined) return true;
  const lost = view.lost.some((broker) => broker.brokerId === brokerId && broker.clusterName === set.clusterName);
  return view.listening && !lost;
}
