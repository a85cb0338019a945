import type { Clock } from '@batonmq/host';

/** Bytes in the last full second. */
export class Rate {
  private second = -1;
  private current = 0;
  private last = 0;

  constructor(private readonly clock: Clock) {}

  add(bytes: number): void {
    this.turn();
    this.current += bytes;
  }

  perSecond(): number {
    this.turn();
    return this.last;
  }

  private turn(): void {
    const second = Math.floor(this.clock.monotonicMs() / 1000);
    if (second === this.second) return;
    this.last = second === this.second + 1 ? this.current : 0;
    this.current = 0;
    this.second = second;
  }
}
