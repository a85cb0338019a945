import type { Host } from '@batonmq/host';
import type { Entry } from './core/types';
import { RaftError } from './errors';
import { MAX_PROPOSAL_BYTES } from './node-options';
import { Waiters, type Waiter } from './waiters';

interface Placed {
  readonly waiter: Waiter<Buffer>;
  readonly term: number;
}

const NOTHING = Buffer.alloc(0);

/**
 * Proposals from the call to the outcome: those of one turn go into the log together, then each waits until the entry
 * at its index is applied, its own or somebody else's.
 */
export class Proposals {
  private readonly waiters: Waiters<Buffer>;
  private queued: { readonly data: Buffer; readonly waiter: Waiter<Buffer> }[] = [];
  /** Handed to the core and not yet answered, batch by batch. */
  private offered: Waiter<Buffer>[][] = [];
  private readonly placedAt = new Map<number, Placed>();
  private scheduled = false;

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers'>,
    private readonly maxPending: number,
    private readonly offer: (data: readonly Buffer[]) => void,
  ) {
    const hint = 'it may still happen';
    this.waiters = new Waiters(
      host,
      () => new RaftError('TIMEOUT', 'the proposal was not committed in time', { hint }),
    );
  }

  add(data: Buffer, timeoutMs: number, resolve: (result: Buffer) => void, reject: (error: Error) => void): void {
    if (data.length > MAX_PROPOSAL_BYTES) {
      return reject(new RaftError('DROPPED', `a proposal of ${data.length} B, limit ${MAX_PROPOSAL_BYTES} B`));
    }
    if (this.waiters.size >= this.maxPending) {
      return reject(new RaftError('DROPPED', `${this.maxPending} proposals wait already`, { hint: 'propose slower' }));
    }
    this.queued.push({ data, waiter: this.waiters.add(timeoutMs, resolve, reject) });
    if (this.scheduled) return;
    this.scheduled = true;
    // Who is alone should not wait for the end of the turn; who is not shares one append with all others of it.
    if (this.placedAt.size === 0 && this.offered.length === 0) queueMicrotask(() => this.flush());
    else this.host.timers.endOfTurn(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const batch = this.queued.filter(({ waiter }) => this.waiters.isWaiting(waiter));
    this.queued = [];
    if (batch.length === 0) return;
    this.offered.push(batch.map(({ waiter }) => waiter));
    this.offer(batch.map(({ data }) => data));
  }

  /** The batch offered first is in the log from `firstIndex` on. */
  placed(firstIndex: number, term: number): void {
    this.offered.shift()?.forEach((waiter, i) => this.placedAt.set(firstIndex + i, { waiter, term }));
  }

  refused(error: RaftError): void {
    for (const waiter of this.offered.shift() ?? []) waiter.reject(error);
  }

  applied(entry: Entry, result: Buffer | undefined): void {
    const placed = this.placedAt.get(entry.index);
    if (placed === undefined) return;
    this.placedAt.delete(entry.index);
    if (placed.term === entry.term) placed.waiter.resolve(result ?? NOTHING);
    else placed.waiter.reject(new RaftError('DROPPED', `replaced by an entry of the leader of term ${entry.term}`));
  }

  /** A snapshot took the place of applying up to `index`: what became of proposals below is not known. */
  skipped(index: number): void {
    for (const [at, { waiter }] of this.placedAt) {
      if (at > index) continue;
      this.placedAt.delete(at);
      waiter.reject(
        new RaftError('TIMEOUT', 'a snapshot replaced the log', { hint: 'the proposal may have happened' }),
      );
    }
  }

  rejectAll(error: RaftError): void {
    this.queued = [];
    this.offered = [];
    this.placedAt.clear();
    this.waiters.rejectAll(error);
  }
}
