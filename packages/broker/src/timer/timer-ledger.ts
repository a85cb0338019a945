import { LogLedger, type Mark } from '../progress/log-ledger';

/** Up to where a timer has delivered. `logEnd`: when the copies delivered so far were in the log; -1 when unknown. */
export interface TimerState extends Mark {
  /** Time of the next slot to deliver. */
  readonly readTimeMs: number;
  /** Queue offset of the timer topic: messages below it are delivered (slot before `readTimeMs`) or in the wheel. */
  readonly handled: number;
}

/** What a timer has delivered. Pure. */
export class TimerLedger extends LogLedger<TimerState> {
  /** Another point has been reached; the log ends at `logEnd` now, behind all copies. */
  advance(readTimeMs: number, handled: number, logEnd: number): void {
    this.add({ readTimeMs, handled, logEnd });
  }

  /** Goes on from a state given from outside: the former ones stay behind it, as far as they do not contradict it. */
  accept(state: TimerState): void {
    this.goOnFrom(
      state,
      ({ logEnd, handled, readTimeMs }) =>
        logEnd < state.logEnd && handled <= state.handled && readTimeMs <= state.readTimeMs,
    );
  }
}
