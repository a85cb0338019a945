import type { Timers } from '@batonmq/host';

/** A wait that can be cut short. */
export class Pause {
  private wakeUp: () => void = () => {};

  constructor(private readonly timers: Timers) {}

  /** Resolves after `delayMs`, or when woken. One wait at a time. */
  wait(delayMs: number): Promise<void> {
    this.wakeUp();
    return new Promise((resolve) => {
      const cancel = this.timers.after(delayMs, () => this.wakeUp());
      this.wakeUp = () => {
        this.wakeUp = () => {};
        cancel();
        resolve();
      };
    });
  }

  wake(): void {
    this.wakeUp();
  }
}
