/** How waiting for replicas ended. `not-master`: this broker is not, or no longer, allowed to answer. */
export type ReplicationOutcome = 'ok' | 'timeout' | 'not-master';
export type ReplicatedCallback = (outcome: ReplicationOutcome) => void;

/**
 * Sends that wait for replicas, ordered by the end of their bytes in the log. A ring that grows by doubling: nothing is
 * allocated per send, and one raise of the acked offset settles many.
 */
export class ReplicationWaiters {
  private ends = new Float64Array(1024);
  private deadlines = new Float64Array(1024);
  private callbacks: (ReplicatedCallback | undefined)[] = new Array<ReplicatedCallback | undefined>(1024);
  private head = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Deadline of the first in line; Infinity when nobody waits. */
  firstDeadline(): number {
    return this.count === 0 ? Infinity : (this.deadlines[this.head] as number);
  }

  add(endOffset: number, deadlineMs: number, callback: ReplicatedCallback): void {
    if (this.count === this.ends.length) this.grow();
    // Sends come in log order, nearly: whoever is early finds the place from the back.
    let position = this.count++;
    while (position > 0 && (this.ends[this.slot(position - 1)] as number) > endOffset) {
      this.move(this.slot(position - 1), this.slot(position));
      position--;
    }
    const slot = this.slot(position);
    this.ends[slot] = endOffset;
    this.deadlines[slot] = deadlineMs;
    this.callbacks[slot] = callback;
  }

  /** Settles all that end at or below `offset`. */
  resolveUpTo(offset: number): void {
    while (this.count > 0 && (this.ends[this.head] as number) <= offset) this.settleFirst('ok');
  }

  /** Settles those in front whose time is over. Call `resolveUpTo` first: acks that are there count. */
  expire(nowMs: number): void {
    while (this.firstDeadline() <= nowMs) this.settleFirst('timeout');
  }

  /** Settles everybody who waits now; those that their callbacks add stay. */
  failAll(outcome: ReplicationOutcome): void {
    for (let left = this.count; left > 0 && this.count > 0; left--) this.settleFirst(outcome);
  }

  private settleFirst(outcome: ReplicationOutcome): void {
    const callback = this.callbacks[this.head] as ReplicatedCallback;
    this.callbacks[this.head] = undefined;
    this.head = this.slot(1);
    this.count--;
    callback(outcome);
  }

  private slot(position: number): number {
    return (this.head + position) & (this.ends.length - 1);
  }

  private move(from: number, to: number): void {
    this.ends[to] = this.ends[from] as number;
    this.deadlines[to] = this.deadlines[from] as number;
    this.callbacks[to] = this.callbacks[from];
  }

  private grow(): void {
    const size = this.ends.length;
    const ends = new Float64Array(size * 2);
    const deadlines = new Float64Array(size * 2);
    const callbacks = new Array<ReplicatedCallback | undefined>(size * 2);
    for (let i = 0; i < this.count; i++) {
      const slot = this.slot(i);
      ends[i] = this.ends[slot] as number;
      deadlines[i] = this.deadlines[slot] as number;
      callbacks[i] = this.callbacks[slot];
    }
    Object.assign(this, { ends, deadlines, callbacks, head: 0 });
  }
}
