/** Up to where a timer has delivered. */
export interface TimerState {
  /** Time of the next slot to deliver. */
  readonly readTimeMs: number;
  /** Queue offset of the timer topic: messages below it are delivered (slot before `readTimeMs`) or in the wheel. */
  readonly handled: number;
  /** End of the log when the copies delivered so far were in it; -1 when unknown. */
  readonly logEnd: number;
}

const MAX_STATES = 512;

/**
 * What a timer has delivered, and the end of the log by then. A state may be kept or told to others only when the log is
 * safe up to there: otherwise messages whose copies are lost would count as delivered. Pure.
 */
export class TimerLedger {
  /** Ascending `logEnd`, at least one. */
  private states: TimerState[];

  constructor(first: TimerState) {
    this.states = [first];
  }

  get current(): TimerState {
    return this.states.at(-1) as TimerState;
  }

  /** Another point has been reached; the log ends at `logEnd` now, behind all copies. */
  advance(readTimeMs: number, handled: number, logEnd: number): void {
    const { current } = this;
    const state = { readTimeMs, handled, logEnd };
    if (current.logEnd === logEnd) this.states[this.states.length - 1] = state;
    else this.states.push(state);
    // Older states are for a log that is cut: half as many serve as well.
    if (this.states.length > MAX_STATES) this.states = this.states.filter((_, i) => i % 2 === 0 || i > MAX_STATES / 2);
  }

  /** The newest state that holds for a log safe up to `logEnd`; undefined when all say more. */
  newest(logEnd: number): TimerState | undefined {
    return this.states.findLast((state) => state.logEnd <= logEnd);
  }

  /** Forgets what a log that ends at `logEnd` does not have. @returns undefined, with nothing changed, when that is all */
  cutTo(logEnd: number): TimerState | undefined {
    const kept = this.states.filter((state) => state.logEnd <= logEnd);
    if (kept.length > 0) this.states = kept;
    return kept.at(-1);
  }

  /** Goes on from a state given from outside: the former ones stay behind it, as far as they do not contradict it. */
  accept(state: TimerState): void {
    const before = this.states.filter(
      ({ logEnd, handled, readTimeMs }) =>
        logEnd < state.logEnd && handled <= state.handled && readTimeMs <= state.readTimeMs,
    );
    this.states = [...before.slice(-MAX_STATES / 2), state];
  }
}
