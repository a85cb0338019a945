/** What was sent, acknowledged and consumed; message n has the body `n`. */
export class Tally {
  sent = 0;
  duplicated = 0;
  consumed = 0;
  lastConsumedMs = 0;
  private readonly acknowledgedNumbers = new Set<number>();
  private readonly consumedNumbers = new Set<number>();

  next(): number {
    this.sent += 1;
    return this.sent - 1;
  }

  acknowledge(number: number): void {
    this.acknowledgedNumbers.add(number);
  }

  consume(number: number, nowMs: number): void {
    this.lastConsumedMs = nowMs;
    if (this.consumedNumbers.has(number)) this.duplicated += 1;
    else this.consumed += 1;
    this.consumedNumbers.add(number);
  }

  get acknowledged(): number {
    return this.acknowledgedNumbers.size;
  }

  /** Acknowledged, but not seen by the consumer so far. */
  missing(): number {
    let count = 0;
    for (const number of this.acknowledgedNumbers) if (!this.consumedNumbers.has(number)) count += 1;
    return count;
  }
}
