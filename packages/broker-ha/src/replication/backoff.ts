/** Delays that double from `firstMs` to `maxMs`, with up to a quarter of chance so that many do not knock together. */
export class Backoff {
  private nextMs: number;

  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
    private readonly random: { next(): number },
  ) {
    this.nextMs = firstMs;
  }

  reset(): void {
    this.nextMs = this.firstMs;
  }

  next(): number {
    const delay = this.nextMs;
    this.nextMs = Math.min(this.maxMs, delay * 2);
    return delay * (1 + this.random.next() / 4);
  }
}
