import type { Cancel, Clock, Timers } from '@batonmq/host';

/**
 * Calls `onDue` when the clock has reached a deadline that may move. Timers are only a hint: they come early (libuv
 * rounds) or late (the event loop was blocked); the clock decides.
 */
export class DeadlineTimer {
  private cancel: Cancel | undefined;
  private armedMs = Number.POSITIVE_INFINITY;

  /**
   * @param deadlineMs the deadline as it is now
   * @param lateMs a timer later than this means that the loop was blocked, and that input which came in time waits
   *   unread: it is read first, before the deadline is judged
   */
  constructor(
    private readonly host: { readonly clock: Clock; readonly timers: Timers },
    private readonly deadlineMs: () => number,
    private readonly lateMs: number,
    private readonly onDue: () => void,
  ) {}

  /** Looks at the deadline again. Cheap when it only moved away: the armed timer will find out. */
  update(): void {
    const due = this.deadlineMs();
    if (due < this.armedMs) this.arm(due);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.armedMs = Number.POSITIVE_INFINITY;
  }

  private arm(due: number): void {
    this.cancel?.();
    this.armedMs = due;
    const delayMs = Math.max(1, due - this.host.clock.monotonicMs());
    this.cancel = this.host.timers.after(delayMs, () => {
      const late = this.host.clock.monotonicMs() - due;
      if (late <= this.lateMs) return this.fire();
      // Two turns: what the kernel holds for us is read in the first.
      this.cancel = this.host.timers.after(1, () => {
        this.cancel = this.host.timers.after(1, () => this.fire());
      });
    });
  }

  private fire(): void {
    this.armedMs = Number.POSITIVE_INFINITY;
    this.cancel = undefined;
    if (this.host.clock.monotonicMs() >= this.deadlineMs()) this.onDue();
    this.update();
  }
}
