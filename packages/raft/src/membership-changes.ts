import type { Host } from '@batonmq/host';
import { isJoint } from './core/configuration';
import type { ChangeRefusal } from './core/effect';
import type { Entry } from './core/types';
import { RaftError } from './errors';
import { decodeConfiguration } from './proto/configuration';
import { Waiters, type Waiter } from './waiters';

const TEXTS: Readonly<Record<Exclude<ChangeRefusal, 'not-leader'>, string>> = {
  transferring: 'leadership is being handed over',
  'not-ready': 'the leader has not committed anything of its own term yet',
  'in-progress': 'another change of the members is not over',
  'not-caught-up': 'who shall vote must be a learner first, be alive and have most of the log',
  'no-voters': 'nobody would be left to vote',
};

/** Changes of the members, from the call to the outcome: the first configuration from the entry on that is not joint. */
export class MembershipChanges {
  private readonly waiters: Waiters<void>;
  private readonly offered: Waiter<void>[] = [];
  private placed: { readonly index: number; readonly term: number; readonly waiter: Waiter<void> }[] = [];

  constructor(host: Pick<Host, 'clock' | 'timers'>) {
    const hint = 'it may still happen: see status().configuration';
    this.waiters = new Waiters(
      host,
      () => new RaftError('TIMEOUT', 'the change of members was not over in time', { hint }),
    );
  }

  /** To be followed by handing the change to the core. */
  add(timeoutMs: number, resolve: () => void, reject: (error: Error) => void): void {
    this.offered.push(this.waiters.add(timeoutMs, resolve, reject));
  }

  accepted(index: number, term: number, appliedIndex: number): void {
    const waiter = this.offered.shift();
    if (waiter === undefined) return;
    if (index <= appliedIndex) waiter.resolve();
    else this.placed.push({ index, term, waiter });
  }

  refused(because: ChangeRefusal, notLeader: () => RaftError): void {
    const error =
      because === 'not-leader'
        ? notLeader()
        : new RaftError('DROPPED', `the members are not changed: ${TEXTS[because]}`, { because });
    this.offered.shift()?.reject(error);
  }

  applied(entry: Entry): void {
    if (this.placed.length === 0) return;
    this.placed = this.placed.filter(({ index, term, waiter }) => {
      if (entry.index < index) return true;
      if (entry.index === index && entry.term !== term) {
        waiter.reject(new RaftError('DROPPED', `replaced by an entry of the leader of term ${entry.term}`));
        return false;
      }
      if (entry.kind !== 'config' || isJoint(decodeConfiguration(entry.data, entry.index))) return true;
      waiter.resolve();
      return false;
    });
  }

  /** A snapshot took the place of applying up to `index`: what became of changes below is not known. */
  skipped(index: number): void {
    const unknown = this.placed.filter((change) => change.index <= index);
    this.placed = this.placed.filter((change) => change.index > index);
    for (const { waiter } of unknown) waiter.reject(new RaftError('TIMEOUT', 'a snapshot replaced the log'));
  }

  rejectAll(error: RaftError): void {
    this.offered.length = 0;
    this.placed = [];
    this.waiters.rejectAll(error);
  }
}
