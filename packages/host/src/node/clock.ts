import { performance } from 'node:perf_hooks';
import { randomBytes } from 'node:crypto';
import type { Cancel, Clock, Logger, Random, Timers, Turns } from '../host';
import { textOf } from '../errors';

export const nodeClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

export const nodeRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => randomBytes(length),
};

/** Longest delay setTimeout takes; longer ones would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** libuv rounds, so a tick may come up to 1 ms early: whoever needs exactness compares clocks. */
export function nodeTimers(log: Logger): Timers {
  const after = (delayMs: number, task: () => void): Cancel => {
    const timer = setTimeout(task, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
    timer.unref();
    return () => clearTimeout(timer);
  };
  return {
    after,
    every(periodMs, task, firstMs = periodMs) {
      let cancelled = false;
      let cancel = (): void => {};
      const run = (): void => {
        try {
          task();
        } catch (error) {
          log.error({ error: textOf(error) }, 'a periodic task failed; it runs again');
        }
        if (!cancelled) cancel = after(periodMs, run);
      };
      cancel = after(firstMs, run);
      return () => {
        cancelled = true;
        cancel();
      };
    },
    endOfTurn: (task) => void setImmediate(task),
  };
}

const ready = Promise.resolve();
const { nextTick } = process;

/** The real event loop, for programs that drive a world of their own on top of it (the simulator). */
export const nodeTurns: Turns = {
  // A tick asked for within a job runs when the queue of jobs is empty; one asked for within a tick would run before.
  afterJobs: (task) => void ready.then(() => nextTick(task)),
  nextTurn: (task) => void setImmediate(task),
};
