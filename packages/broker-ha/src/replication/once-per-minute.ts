import type { Clock } from '@batonmq/host';

/** Lets each kind of complaint through once a minute. */
export class OncePerMinute {
  private readonly last = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  due(kind: string): boolean {
    const now = this.clock.monotonicMs();
    if (now - (this.last.get(kind) ?? -Infinity) < 60_000) return false;
    this.last.set(kind, now);
    return true;
  }
}
