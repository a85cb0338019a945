import type { Cancel, Clock, Timers } from '@batonmq/host';

/** Somebody who waits for an outcome, until a deadline. Settled once; later outcomes do nothing. */
export interface Waiter<T> {
  readonly deadlineMs: number;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** All who wait, with one timer for the lot. */
export class Waiters<T> {
  private readonly waiting = new Set<Waiter<T>>();
  private cancelTimer: Cancel | undefined;
  private armedMs = Number.POSITIVE_INFINITY;

  /** @param expired makes the error of those whose time is over */
  constructor(
    private readonly host: { readonly clock: Clock; readonly timers: Timers },
    private readonly expired: () => Error,
  ) {}

  get size(): number {
    return this.waiting.size;
  }

  add(timeoutMs: number, resolve: (value: T) => void, reject: (error: Error) => void): Waiter<T> {
    const deadlineMs = this.host.clock.monotonicMs() + timeoutMs;
    const waiter: Waiter<T> = {
      deadlineMs,
      resolve: (value) => {
        if (this.waiting.delete(waiter)) resolve(value);
      },
      reject: (error) => {
        if (this.waiting.delete(waiter)) reject(error);
      },
    };
    this.waiting.add(waiter);
    if (deadlineMs < this.armedMs) this.arm(deadlineMs);
    return waiter;
  }

  isWaiting(waiter: Waiter<T>): boolean {
    return this.waiting.has(waiter);
  }

  rejectAll(error: Error): void {
    for (const waiter of [...this.waiting]) waiter.reject(error);
    this.cancelTimer?.();
    this.armedMs = Number.POSITIVE_INFINITY;
  }

  private arm(deadlineMs: number): void {
    this.cancelTimer?.();
    this.armedMs = deadlineMs;
    const delayMs = Math.max(1, deadlineMs - this.host.clock.monotonicMs());
    this.cancelTimer = this.host.timers.after(delayMs, () => this.sweep());
  }

  private sweep(): void {
    this.armedMs = Number.POSITIVE_INFINITY;
    const now = this.host.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const waiter of [...this.waiting]) {
      if (waiter.deadlineMs <= now) waiter.reject(this.expired());
      else next = Math.min(next, waiter.deadlineMs);
    }
    if (next !== Number.POSITIVE_INFINITY) this.arm(next);
  }
}
