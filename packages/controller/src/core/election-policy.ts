import type { LiveBroker } from './live-view';

/** Whom a set would elect, and why. */
export type Choice =
  | { readonly elected: number; readonly because: 'present-master' | 'designated' | 'best' }
  | { readonly elected: undefined; readonly because: 'nobody-alive' | 'designated-not-eligible' };

export interface Ballot {
  readonly syncStateSet: readonly number[];
  /** Tried when the SyncStateSet gives nobody; empty unless unclean elections are allowed. */
  readonly others: readonly number[];
  /** The recorded master, as long as nobody may say it is dead. */
  readonly presentMaster: number | undefined;
  readonly designated: number | undefined;
  /** The live record of an id, or undefined when it is not alive. */
  readonly live: (brokerId: number) => LiveBroker | undefined;
}

/**
 * Chooses from the SyncStateSet, and only if that gives nobody from the others.
 * @source DefaultElectPolicy (controller.md 5.2)
 */
export function electMaster(ballot: Ballot): Choice {
  const first = electFrom(ballot.syncStateSet, ballot);
  if (first.elected !== undefined || ballot.others.length === 0) return first;
  return electFrom(ballot.others, ballot);
}

function electFrom(pool: readonly number[], { presentMaster, designated, live }: Ballot): Choice {
  const presentStands = presentMaster !== undefined && pool.includes(presentMaster);
  if (presentStands && (designated === undefined || designated === presentMaster)) {
    return { elected: presentMaster, because: 'present-master' };
  }
  const alive = pool.map(live).filter((broker) => broker !== undefined);
  if (alive.length === 0) return { elected: undefined, because: 'nobody-alive' };
  if (designated !== undefined) {
    return alive.some(({ brokerId }) => brokerId === designated)
      ? { elected: designated, because: 'designated' }
      : { elected: undefined, because: 'designated-not-eligible' };
  }
  return { elected: alive.reduce((best, next) => (outranks(next, best) ? next : best)).brokerId, because: 'best' };
}

/**
 * Higher epoch, then higher maxOffset, then lower priority, then lower id. Compares and never subtracts: the reference
 * narrows a 64-bit difference to 32 bits (known-losses.md `offset-compare-32-bit`).
 */
export function outranks(a: LiveBroker, b: LiveBroker): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  if (a.maxOffset !== b.maxOffset) return a.maxOffset > b.maxOffset;
  if (a.electionPriority !== b.electionPriority) return a.electionPriority < b.electionPriority;
  return a.brokerId < b.brokerId;
}
