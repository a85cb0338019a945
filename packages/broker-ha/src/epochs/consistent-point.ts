import type { EpochEntry } from './epoch-entry';

/** Up to `point` two logs are the same. `epoch`: the newest epoch they share; entries above it are unknown to the master. */
export interface Consistency {
  readonly point: number;
  readonly epoch: number;
}

/**
 * Where a slave's log and its master's part ways. (epoch, start) names one history: one master per epoch, it alone
 * appends in it; so the newest entry that both have tells that they are equal up to the end of the shorter one.
 *
 * A log without any entry is either empty (equal up to 0), or from before controller mode. The latter is taken as part
 * of the master's own earlier log when the master's history begins above 0 with the first epoch; otherwise nothing can
 * be said about it.
 *
 * @returns undefined when nothing is known to be common
 * @source AutoSwitchHAClient.doTruncate, EpochFileCache.findConsistentPoint
 */
export function findConsistency(
  own: readonly EpochEntry[],
  ownMax: number,
  master: readonly EpochEntry[],
  masterMax: number,
): Consistency | undefined {
  if (own.length === 0) return withoutHistory(ownMax, master, masterMax);
  for (let i = own.length - 1; i >= 0; i--) {
    const mine = own[i] as EpochEntry;
    const at = master.findIndex((entry) => entry.epoch === mine.epoch && entry.startOffset === mine.startOffset);
    if (at < 0) continue;
    return { point: Math.min(endOf(own, i, ownMax), endOf(master, at, masterMax)), epoch: mine.epoch };
  }
  // Both know their logs from the first byte on and part ways there: an epoch without data at 0 gave way to the next.
  const fromTheBeginning = own[0]?.startOffset === 0 && master[0]?.startOffset === 0;
  return ownMax === 0 || fromTheBeginning ? { point: 0, epoch: -1 } : undefined;
}

/** The common point alone; -1 when there is none. */
export function findConsistentPoint(
  own: readonly EpochEntry[],
  ownMax: number,
  master: readonly EpochEntry[],
  masterMax: number,
): number {
  return findConsistency(own, ownMax, master, masterMax)?.point ?? -1;
}

function withoutHistory(ownMax: number, master: readonly EpochEntry[], masterMax: number): Consistency | undefined {
  if (ownMax === 0) return { point: 0, epoch: -1 };
  const first = master[0];
  if (first === undefined) return { point: Math.min(ownMax, masterMax), epoch: -1 };
  return first.epoch === 1 && first.startOffset > 0
    ? { point: Math.min(ownMax, first.startOffset), epoch: -1 }
    : undefined;
}

/** An epoch ends where the next begins, the last one with the log; never beyond the log (`epoch-above-log`). */
function endOf(entries: readonly EpochEntry[], index: number, max: number): number {
  return Math.min(entries[index + 1]?.startOffset ?? max, max);
}
