/** Promises that wait for a growing offset. Resolved in order of offset; order of waiting among equals. */
export class OffsetWaiters {
  private readonly offsets: number[] = [];
  private readonly resolvers: ((error?: Error) => void)[] = [];

  get count(): number {
    return this.offsets.length;
  }

  wait(offset: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => (error === undefined ? resolve() : reject(error));
      // Nearly always the highest so far, so the search from the end finds its place at once.
      let at = this.offsets.length;
      while (at > 0 && (this.offsets[at - 1] as number) > offset) at--;
      if (at === this.offsets.length) {
        this.offsets.push(offset);
        this.resolvers.push(settle);
      } else {
        this.offsets.splice(at, 0, offset);
        this.resolvers.splice(at, 0, settle);
      }
    });
  }

  reach(offset: number): void {
    let count = 0;
    while (count < this.offsets.length && (this.offsets[count] as number) <= offset) count++;
    if (count === 0) return;
    this.offsets.splice(0, count);
    for (const settle of this.resolvers.splice(0, count)) settle();
  }

  /** Rejects those that wait for more than `offset`. */
  failAbove(offset: number, error: Error): void {
    let first = this.offsets.length;
    while (first > 0 && (this.offsets[first - 1] as number) > offset) first--;
    this.offsets.length = first;
    for (const settle of this.resolvers.splice(first)) settle(error);
  }

  fail(error: Error): void {
    this.offsets.length = 0;
    for (const settle of this.resolvers.splice(0)) settle(error);
  }
}
