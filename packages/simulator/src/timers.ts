import { textOf, type Cancel, type Logger, type Timers } from '@batonmq/host';
import type { EventLoop } from './loop/event-loop';
import type { SimProcess } from './process';

// Taken out once: looking up a global costs a microsecond where a test runner puts its own in between.
const { min } = Math;

/** As setTimeout: longer delays are cut. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Timers of one process. @param rate how many of its milliseconds pass in one virtual millisecond */
export function simTimers(loop: EventLoop, process: SimProcess, rate: number, log: Logger): Timers {
  const after = (delayMs: number, task: () => void): Cancel => {
    if (!process.alive) return () => {};
    const event = loop.after(min(delayMs > 0 ? delayMs : 0, MAX_DELAY_MS) / rate, process, task);
    return () => loop.cancel(event);
  };
  return {
    after,
    every(periodMs, task, firstMs = periodMs) {
      let cancelled = false;
      let cancel: Cancel = () => {};
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
    endOfTurn(task) {
      if (process.alive) loop.endOfTurn(process, task);
    },
  };
}
