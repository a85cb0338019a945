/** One record as it was put or replicated. */
export interface Entry {
  readonly offset: number;
  readonly end: number;
  readonly topic: string;
  readonly queueId: number;
  /** undefined: prepared and rolled-back records have none. */
  readonly queueOffset: number | undefined;
  readonly body: string;
  readonly key: string | undefined;
  readonly timestamp: number;
  /** How often its topic had been deleted when it was put. */
  readonly born: number;
  /** The same, or later: a restart has brought it back into the queue. */
  life: number;
}

/**
 * What the log should hold, in order, and what was promised about it. Updated by what the store answered, never by looking
 * into it; after a restart `adopt` forgets what was allowed to be lost.
 */
export class History {
  readonly entries: Entry[] = [];
  /** Everything that ends at or below it was promised durable. */
  promisedEnd = 0;
  /** A cut that may or may not have happened: what is behind it is not promised any more. */
  cuttingAt: number | undefined;
  /** Highest confirm offset that anyone ever set. */
  confirmed = 0;
  /** End of the highest record that a reader has seen. */
  seenEnd = 0;
  /** Topic to the number of its deletions. */
  readonly lives = new Map<string, number>();
  /** Next offsets of queues whose records have left the log by cleaning: `life topic/queue` to offset. */
  private readonly floors = new Map<string, number>();
  /** Behind the highest offset of what was cut off the log: `topic/queue` to offset. */
  private readonly cutOff = new Map<string, number>();
  private sequence = 0;

  nextBody(bytes: number): string {
    const head = `${this.sequence++}:`;
    return head + 'b'.repeat(Math.max(0, bytes - head.length));
  }

  lifeOf(topic: string): number {
    return this.lives.get(topic) ?? 0;
  }

  /** Entries of the queue's present life, up to `limit`. */
  ofQueue(topic: string, queueId: number, limit = Infinity): Entry[] {
    const life = this.lifeOf(topic);
    const list = this.entries.filter(
      (each) =>
        each.topic === topic &&
        each.queueId === queueId &&
        each.life === life &&
        each.queueOffset !== undefined &&
        each.end <= limit,
    );
    // What a restart brought back of an earlier life goes when the queue begins anew.
    const begin = list.findLastIndex((each) => each.queueOffset === 0);
    return begin > 0 ? list.slice(begin) : list;
  }

  /**
   * The offset the next message of the queue must get. The queue of a deleted topic may also go on where records that the log
   * still has of it end; one that a cut has emptied, where it began when a restart brought it back.
   * @param got what it got
   */
  nextOffset(topic: string, queueId: number, got?: number): number {
    const last = this.ofQueue(topic, queueId).at(-1);
    const floor = last !== undefined ? (last.queueOffset as number) + 1 : this.floorOf(topic, queueId);
    if (got === undefined || got <= floor || this.lifeOf(topic) === 0) return floor;
    const old = this.entries.find(
      (each) => each.topic === topic && each.queueId === queueId && each.queueOffset === got - 1,
    );
    if (old !== undefined) return got;
    return last === undefined && got <= (this.cutOff.get(`${topic}/${queueId}`) ?? 0) ? got : floor;
  }

  /** The record at `offset` was put after its topic had been deleted, the one at `before` (of its queue) earlier. */
  beginsLife(offset: number, before: number | undefined): boolean {
    const bornOf = (at: number | undefined): number => this.entries.find((each) => each.offset === at)?.born ?? 0;
    return before !== undefined && bornOf(offset) > bornOf(before);
  }

  floorOf(topic: string, queueId: number): number {
    return this.floors.get(`${this.lifeOf(topic)} ${topic}/${queueId}`) ?? 0;
  }

  /** The log begins at `min` now. */
  forgetBelow(min: number): void {
    while (this.entries.length > 0 && (this.entries[0] as Entry).offset < min) {
      const gone = this.entries.shift() as Entry;
      if (gone.queueOffset !== undefined)
        this.floors.set(`${gone.life} ${gone.topic}/${gone.queueId}`, gone.queueOffset + 1);
    }
  }

  beginCut(offset: number): void {
    this.cuttingAt = offset;
    for (const each of this.entries) each.life = each.born;
    this.promisedEnd = Math.min(this.promisedEnd, offset);
    this.seenEnd = Math.min(this.seenEnd, offset);
  }

  endCut(): void {
    if (this.cuttingAt === undefined) return;
    this.dropBehind(this.cuttingAt);
    this.confirmed = Math.min(this.confirmed, this.cuttingAt);
    this.cuttingAt = undefined;
  }

  dropBehind(end: number): void {
    while ((this.entries.at(-1)?.end ?? 0) > end) {
      const { topic, queueId, queueOffset } = this.entries.pop() as Entry;
      const place = `${topic}/${queueId}`;
      this.cutOff.set(place, Math.max(this.cutOff.get(place) ?? 0, (queueOffset ?? -1) + 1));
    }
    this.promisedEnd = Math.min(this.promisedEnd, end);
    this.seenEnd = Math.min(this.seenEnd, end);
  }

  /** What a power loss must leave. @param synced promises were made after a sync */
  promisedEndIf(synced: boolean): number {
    return synced ? this.promisedEnd : 0;
  }

  get end(): number {
    return this.entries.at(-1)?.end ?? 0;
  }
}
