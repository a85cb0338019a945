import type { Cancel, Host } from '@batonmq/host';
import type { Entry } from './core/types';
import { RaftError } from './errors';
import { MAX_PROPOSAL_BYTES } from './node-options';

/** A proposal on its way. Settled once; later outcomes do nothing. */
interface Pending {
  readonly data: Buffer;
  readonly deadlineMs: number;
  readonly resolve: (result: Buffer) => void;
  readonly reject: (error: Error) => void;
  /** Of the leadership it was placed in. */
  term: number;
  settled: boolean;
}

/** Proposals of one turn: more wait for the next, so that heartbeats get their turn. */
const SLICE = 512;
const NOTHING = Buffer.alloc(0);

/**
 * Proposals from the call to the outcome: those of one turn go into the log together, then each waits until the entry
 * at its index is applied, its own or somebody else's.
 */
export class Proposals {
  private queued: Pending[] = [];
  /** Handed to the core and not yet answered, batch by batch. */
  private offered: Pending[][] = [];
  private readonly placedAt = new Map<number, Pending>();
  private waiting = 0;
  private scheduled = false;
  private cancelTimer: Cancel | undefined;
  private armedMs = Number.POSITIVE_INFINITY;

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers'>,
    private readonly maxPending: number,
    private readonly offer: (data: readonly Buffer[]) => void,
  ) {}

  add(data: Buffer, timeoutMs: number, resolve: (result: Buffer) => void, reject: (error: Error) => void): void {
    if (data.length > MAX_PROPOSAL_BYTES) {
      return reject(new RaftError('DROPPED', `a proposal of ${data.length} B, limit ${MAX_PROPOSAL_BYTES} B`));
    }
    if (this.waiting >= this.maxPending) {
      return reject(new RaftError('DROPPED', `${this.maxPending} proposals wait already`, { hint: 'propose slower' }));
    }
    const deadlineMs = this.host.clock.monotonicMs() + timeoutMs;
    this.waiting++;
    this.queued.push({ data, deadlineMs, resolve, reject, term: 0, settled: false });
    if (deadlineMs < this.armedMs) this.arm(deadlineMs);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // Who is alone should not wait for the end of the turn; who is not shares one append with all others of it.
    if (this.placedAt.size === 0 && this.offered.length === 0) queueMicrotask(() => this.flush());
    else this.host.timers.endOfTurn(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const batch = this.queued.splice(0, SLICE).filter(({ settled }) => !settled);
    if (this.queued.length > 0) this.schedule();
    if (batch.length === 0) return;
    this.offered.push(batch);
    this.offer(batch.map(({ data }) => data));
  }

  /** The batch offered first is in the log from `firstIndex` on. */
  placed(firstIndex: number, term: number): void {
    this.offered.shift()?.forEach((pending, i) => {
      pending.term = term;
      const former = this.placedAt.get(firstIndex + i);
      // Led, lost it, and leads again: what was at this place then has gone from the log here; elsewhere it may live.
      if (former !== undefined) this.reject(former, unknown('the proposal was replaced by another leader'));
      this.placedAt.set(firstIndex + i, pending);
    });
  }

  refused(error: RaftError): void {
    for (const pending of this.offered.shift() ?? []) this.reject(pending, error);
  }

  applied(entry: Entry, result: Buffer | undefined): void {
    const pending = this.placedAt.get(entry.index);
    if (pending === undefined) return;
    this.placedAt.delete(entry.index);
    if (pending.term === entry.term) this.resolve(pending, result ?? NOTHING);
    else this.reject(pending, new RaftError('DROPPED', `replaced by an entry of the leader of term ${entry.term}`));
  }

  /** A snapshot took the place of applying up to `index`: what became of proposals below is not known. */
  skipped(index: number): void {
    const because = unknown('a snapshot replaced the log');
    for (const [at, pending] of this.placedAt) {
      if (at > index) continue;
      this.placedAt.delete(at);
      this.reject(pending, because);
    }
  }

  rejectAll(error: RaftError): void {
    for (const pending of this.all()) this.reject(pending, error);
    this.queued = [];
    this.offered = [];
    this.placedAt.clear();
    this.cancelTimer?.();
    this.armedMs = Number.POSITIVE_INFINITY;
  }

  private resolve(pending: Pending, result: Buffer): void {
    if (pending.settled) return;
    pending.settled = true;
    this.waiting--;
    pending.resolve(result);
  }

  private reject(pending: Pending, error: RaftError): void {
    if (pending.settled) return;
    pending.settled = true;
    this.waiting--;
    pending.reject(error);
  }

  private all(): Pending[] {
    return [...this.queued, ...this.offered.flat(), ...this.placedAt.values()];
  }

  /** One timer for all; it finds out who is late when it fires. */
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
    for (const pending of this.all()) {
      if (pending.settled) continue;
      if (pending.deadlineMs > now) next = Math.min(next, pending.deadlineMs);
      else this.reject(pending, unknown('the proposal was not committed in time'));
    }
    if (next !== Number.POSITIVE_INFINITY) this.arm(next);
  }
}

function unknown(why: string): RaftError {
  return new RaftError('TIMEOUT', why, { hint: 'the proposal may have happened, or still happen' });
}
