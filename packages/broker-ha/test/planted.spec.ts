import { EpochFile } from '../src/epochs/epoch-file';
import { Replica } from '../src/core/replica';
import { SyncStateSet } from '../src/core/sync-state-set';
import { Chaos } from './world/chaos';

/** The checkers of the simulation have to notice each of these; each is a mistake of the reference or a likely one of ours. */
type Patch = (restore: (undo: () => void) => void) => void;

function replace<T extends object, K extends keyof T & string>(target: T, name: K, make: (old: T[K]) => T[K]): Patch {
  return (restore) => {
    const old = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor;
    if (old.get === undefined) Object.defineProperty(target, name, { ...old, value: make(old.value as T[K]) });
    else Object.defineProperty(target, name, { ...old, get: make(old.get as never) as never });
    restore(() => Object.defineProperty(target, name, old));
  };
}

const PLANTS: Record<string, Patch> = {
  'the proposed set does not count for acks': replace(
    SyncStateSet.prototype as never as { inForceChanged(): void },
    'inForceChanged',
    () =>
      function (this: { localIds: number[]; inForce: number[]; recompute(): void }) {
        this.inForce = this.localIds;
        this.recompute();
      },
  ),
  'a member without a report is skipped': replace(
    SyncStateSet.prototype as never as { acksOf(ids: number[]): number[] },
    'acksOf',
    (old) =>
      function (this: never, ids) {
        return old.call(this, ids).filter((ack) => ack >= 0);
      },
  ),
  'empty epochs are not recorded': replace(
    EpochFile.prototype,
    'append',
    (old) =>
      function (this: EpochFile, epoch, start) {
        const last = this.entries.at(-1);
        if (last === undefined || (epoch > last.epoch && start > last.startOffset)) old.call(this, epoch, start);
      },
  ),
  'an ack is believed before it comes': replace(
    Replica.prototype,
    'sentUpTo',
    (old) =>
      function (this: Replica, sent, logEnd, nowMs) {
        old.call(this, sent, logEnd, nowMs);
        this.ack = Math.max(this.ack, sent);
      },
  ),
};

async function caught(patch: Patch, seeds: number): Promise<boolean> {
  const undo: (() => void)[] = [];
  patch((one) => undo.push(one));
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      try {
        await new Chaos(seed).run(15_000);
      } catch {
        return true;
      }
    }
    return false;
  } finally {
    for (const one of undo) one();
  }
}

describe('planted bugs are caught', () => {
  it.each(Object.entries(PLANTS))(
    '%s',
    async (_name, patch) => {
      expect(await caught(patch, 30)).toBe(true);
    },
    120_000,
  );
});
