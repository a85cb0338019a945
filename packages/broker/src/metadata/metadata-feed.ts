import type { Cancel, Clock, Random, Timers } from '@batonmq/host';

/** How long a follower's question waits for news. */
const PARK_MS = 3000;

interface Waiter {
  readonly count: number;
  readonly done: (allSeen: boolean) => void;
  readonly cancel: Cancel;
}

/**
 * Tells the slaves of topics and groups at once, and knows which of them have seen what: a topic is confirmed when every
 * member of the SyncStateSet has it (known loss `topic-after-switch`). Slaves ask with the token of what they have; the
 * question waits until there is more. Replicas that never ask (Java's) poll on their own and are not waited for.
 */
export class MetadataFeed {
  private count = 1;
  /** Differs between processes, so a token of a former master is never taken for one of ours. */
  private readonly origin: string;
  private readonly seen = new Map<number, number>();
  private readonly parked = new Set<{ answer: () => void; cancel: Cancel }>();
  private waiters: Waiter[] = [];

  constructor(
    private readonly host: { readonly timers: Timers; readonly clock: Clock },
    random: Random,
    private readonly members: () => readonly number[],
    private readonly ownId: () => number,
  ) {
    this.origin = random.bytes(6).toString('hex');
  }

  get token(): string {
    return `${this.origin}-${this.count}`;
  }

  changed(): void {
    this.count += 1;
    for (const one of [...this.parked]) this.release(one);
  }

  /** A follower asks for what comes after `token`. `answer` is called once: at once when there is news, else later. */
  ask(replicaId: number, token: string, answer: () => void): void {
    const [origin, count] = [token.slice(0, token.lastIndexOf('-')), Number(token.slice(token.lastIndexOf('-') + 1))];
    const known = origin === this.origin && Number.isInteger(count) ? count : 0;
    this.seen.set(replicaId, known);
    this.settle();
    if (known !== this.count) return answer();
    const one = { answer, cancel: this.host.timers.after(PARK_MS, () => this.release(one)) };
    this.parked.add(one);
  }

  /** Calls back when all members that follow us have seen the present state, or with false after `timeoutMs`. */
  whenSeen(timeoutMs: number, done: (allSeen: boolean) => void): void {
    if (this.allSeen(this.count)) return done(true);
    const waiter: Waiter = {
      count: this.count,
      done,
      cancel: this.host.timers.after(timeoutMs, () => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        done(this.allSeen(waiter.count));
      }),
    };
    this.waiters.push(waiter);
  }

  /** Another epoch, another set: whoever waits for a member that left need not wait. */
  settle(): void {
    const ready = this.waiters.filter((waiter) => this.allSeen(waiter.count));
    if (ready.length === 0) return;
    this.waiters = this.waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) {
      waiter.cancel();
      waiter.done(true);
    }
  }

  stop(): void {
    for (const one of [...this.parked]) this.release(one);
    for (const waiter of this.waiters.splice(0)) {
      waiter.cancel();
      waiter.done(false);
    }
  }

  private allSeen(count: number): boolean {
    const own = this.ownId();
    return this.members().every((id) => id === own || (this.seen.get(id) ?? Infinity) >= count);
  }

  private release(one: { answer: () => void; cancel: Cancel }): void {
    if (!this.parked.delete(one)) return;
    one.cancel();
    one.answer();
  }
}
