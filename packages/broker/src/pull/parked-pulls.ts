import type { Cancel, Clock, Timers } from '@batonmq/host';
import type { Peer, RemotingCommand } from '@batonmq/remoting';
import type { TagFilter } from './tag-filter';

export interface ParkedPull {
  readonly request: RemotingCommand;
  readonly peer: Peer;
  readonly offset: number;
  readonly filter: TagFilter | undefined;
  readonly deadlineMs: number;
}

const SWEEP_MS = 500;

/** Pulls that found nothing and wait for a message (long polling). @source PullRequestHoldService */
export class ParkedPulls {
  private readonly queues = new Map<string, ParkedPull[]>();
  private count = 0;
  private cancelSweep: Cancel = () => {};

  constructor(
    private readonly host: { readonly clock: Clock; readonly timers: Timers },
    /** Runs the pull again; it may not be parked again. */
    private readonly wake: (pull: ParkedPull) => void,
    private readonly limit = 100_000,
  ) {}

  start(): void {
    this.cancelSweep = this.host.timers.every(SWEEP_MS, () => this.sweep());
  }

  stop(): void {
    this.cancelSweep();
    this.wakeAll();
  }

  get size(): number {
    return this.count;
  }

  /** @returns false when there is no room: the pull has to be answered now */
  park(topic: string, queueId: number, pull: ParkedPull): boolean {
    if (this.count >= this.limit) return false;
    const key = keyOf(topic, queueId);
    const waiting = this.queues.get(key);
    if (waiting === undefined) this.queues.set(key, [pull]);
    else waiting.push(pull);
    this.count += 1;
    return true;
  }

  /** A message has become visible: wakes the pulls of its queue that it may be for. */
  arrived(topic: string, queueId: number, maxOffset: number, tagsCode: number): void {
    if (this.count === 0) return;
    const key = keyOf(topic, queueId);
    if (this.queues.has(key))
      this.release(
        key,
        (pull) => maxOffset > pull.offset && (pull.filter === undefined || pull.filter.matchesTags(tagsCode)),
      );
  }

  wakeAll(): void {
    for (const key of [...this.queues.keys()]) this.release(key, () => true);
  }

  private sweep(): void {
    const now = this.host.clock.monotonicMs();
    for (const key of [...this.queues.keys()]) this.release(key, (pull) => now >= pull.deadlineMs || pull.peer.closed);
  }

  private release(key: string, due: (pull: ParkedPull) => boolean): void {
    const waiting = this.queues.get(key) ?? [];
    const ready = waiting.filter(due);
    if (ready.length === 0) return;
    const rest = waiting.filter((pull) => !due(pull));
    if (rest.length === 0) this.queues.delete(key);
    else this.queues.set(key, rest);
    this.count -= ready.length;
    for (const pull of ready) if (!pull.peer.closed) this.wake(pull);
  }
}

const keyOf = (topic: string, queueId: number): string => `${topic}@${queueId}`;
