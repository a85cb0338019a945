import { decodeConfiguration } from '../../src/proto/configuration';
import type { RaftLog } from '../../src/core/log';
import type { Message } from '../../src/core/message';
import type { RaftState } from '../../src/core/state';
import type { Configuration, Entry, LogPoint, NodeId, Recovered, WriteBatch } from '../../src/core/types';
import { ELECTION_TIMEOUT_MS } from './weather';

/** A rule of Raft was seen broken. */
export class Violation extends Error {}

function demand(holds: boolean, rule: string, what: string): asserts holds {
  if (!holds) throw new Violation(`${rule}: ${what}`);
}

interface Known {
  readonly data: Buffer;
  readonly previousTerm: number;
}

/**
 * Watches a whole group from above. Told of everything that happens; throws Violation the moment a rule is broken. It
 * judges by logs, disks and messages, and counts majorities by itself: nothing of what the core thinks of itself.
 */
export class Checker {
  /** Applied by somebody, so committed for ever: position i holds entry i + 1. */
  readonly committed: Entry[] = [];
  /** The term in which it was first seen committed. */
  private readonly committedIn: number[] = [];
  private readonly leaders = new Map<number, string>();
  private lastTermLed = 0;
  private readonly entries = new Map<number, Known>();
  /** The register after each committed entry: what every machine must agree on. */
  private readonly values: number[] = [0];
  private readonly committedTerms = new Set<number>();
  /** Every configuration that was ever in a log. */
  private readonly configurations: (LogPoint & Configuration)[] = [];
  /** By term, then by candidate: who said that it votes, or would vote, for it. */
  private readonly votes = new Map<number, Map<NodeId, Set<NodeId>>>();
  private readonly preVotes = new Map<number, Map<NodeId, Set<NodeId>>>();

  /** @param committedNow is told of each entry the first time it is applied, and what it gave */
  constructor(
    private readonly founders: LogPoint & Configuration,
    private readonly disks: ReadonlyMap<string, { read(): Recovered }>,
    private readonly committedNow: (value: number, result: number) => void = () => {},
  ) {}

  /** The newest configuration in this log: by the thesis it is in force, committed or not. */
  configurationIn(log: RaftLog): LogPoint & Configuration {
    let newest: LogPoint & Configuration = this.founders;
    for (const one of this.configurations) {
      if (one.index <= newest.index || one.index > log.lastIndex) continue;
      const term = one.index <= log.base.index ? this.committed[one.index - 1]?.term : log.termAt(one.index);
      if (term === one.term) newest = one;
    }
    return newest;
  }

  /** Nobody asks for an election while the lease of a leader runs by its own clock. */
  asks(node: string, sinceLedMs: number): void {
    const patient = sinceLedMs + 1e-6 >= ELECTION_TIMEOUT_MS;
    demand(patient, 'patience', `${node} asks for an election ${sinceLedMs} ms after it heard a leader`);
  }

  /** A real election begins only after a majority said that it would win (PreVote), or the leader asked for it. */
  stands(node: string, state: RaftState): void {
    if (state.campaignTransfer) return;
    const would = this.preVotes.get(state.term)?.get(node);
    const wouldWin = isMajority(this.configurationIn(state.log), (id) => id === node || would?.has(id) === true);
    demand(wouldWin, 'pre-vote', `${node} begins term ${state.term} without a majority that would vote for it`);
  }

  /** Without a majority a leader must know that it may be one no more (CheckQuorum). @param heard lately, by itself */
  leadsOn(node: string, state: RaftState, heard: (id: NodeId) => boolean): void {
    const hears = isMajority(this.configurationIn(state.log), (id) => id === node || heard(id));
    demand(hears, 'check quorum', `${node} leads on in term ${state.term} without hearing a majority`);
  }

  /** Election safety; leader completeness. @param life the node and which of its lives */
  leads(life: string, state: RaftState): void {
    const other = this.leaders.get(state.term);
    demand(other === undefined || other === life, 'election safety', `${life} and ${other} lead in term ${state.term}`);
    if (other !== undefined) return;
    this.leaders.set(state.term, life);
    this.lastTermLed = Math.max(this.lastTermLed, state.term);
    const { log } = state;
    const votes = this.votes.get(state.term)?.get(state.id);
    const elected = isMajority(this.configurationIn(log), (id) => id === state.id || votes?.has(id) === true);
    demand(elected, 'elected by a majority', `${life} leads in term ${state.term} with ${[...(votes ?? [])].join()}`);
    // A leader of an old term that comes to it late need not have what a later one committed.
    let end = this.committed.length;
    while (end > 0 && (this.committedIn[end - 1] as number) >= state.term) end--;
    demand(log.lastIndex >= end, 'leader completeness', `${life} ends at ${log.lastIndex}, committed were ${end}`);
    for (let index = Math.max(1, log.base.index); index <= end; index++) {
      const [own, term] = [log.termAt(index), this.committed[index - 1]?.term];
      demand(own === term, 'leader completeness', `${life} has term ${own} at ${index}, committed was ${term}`);
    }
  }

  /**
   * Log matching: index and term name one entry, and with it all before. No committed entry lost: what was committed in
   * a term is not replaced in it or a later one. (In an earlier one it may be: the leader of then does not know.)
   */
  appended(node: string, state: RaftState, entries: readonly Entry[]): void {
    for (const { index, term, kind, data } of entries) {
      const committed = this.committed[index - 1];
      const late = (this.committedIn[index - 1] ?? 0) > state.term;
      const fits = committed === undefined || late || committed.term === term;
      demand(
        fits,
        'no committed entry lost',
        `${node} puts term ${term} at ${index}, committed was ${committed?.term}`,
      );
      const previousTerm = state.log.termAt(index - 1);
      if (previousTerm === undefined) continue; // compacted meanwhile
      const key = index * 2 ** 20 + term;
      const known = this.entries.get(key);
      if (known === undefined) {
        this.entries.set(key, { data, previousTerm });
        if (kind === 'config') this.changes(node, state, { index, term }, data);
        continue;
      }
      const same = known.previousTerm === previousTerm && (known.data === data || known.data.equals(data));
      demand(same, 'log matching', `${node} has another entry (${index}, term ${term})`);
    }
  }

  /**
   * One change at a time: what was in force before is committed, and the leader knows what is committed, for it has
   * committed something of its own term (the bug of single-server changes that was found in 2015).
   */
  private changes(node: string, state: RaftState, { index, term }: LogPoint, data: Buffer): void {
    const before = this.configurationIn(state.log);
    const settled = before.index === 0 || this.committed[before.index - 1]?.term === before.term;
    demand(
      settled,
      'one change at a time',
      `${node} changes the members at ${index}, ${before.index} is not committed`,
    );
    const ownTerm = this.committedTerms.has(term);
    demand(
      ownTerm,
      'one change at a time',
      `${node} changes the members in term ${term}, of which nothing is committed`,
    );
    const after = decodeConfiguration(data, index);
    demand(meets(before, after), 'majorities meet', `${node} goes from ${show(before)} to ${show(after)}`);
    this.configurations.push({ ...after, term });
  }

  /** What the core counts majorities by is what its log says, neither more nor less. */
  configured(node: string, { configuration, log }: RaftState): void {
    if (this.configurations.length === 0) return;
    const { index } = this.configurationIn(log);
    const inForce = index === configuration.index;
    demand(inForce, 'configuration in force', `${node} goes by that of ${configuration.index}, not of ${index}`);
  }

  /** State machine safety; and nobody may call committed what a majority does not have on disk. */
  applied(node: string, state: RaftState, entries: readonly Entry[]): void {
    let news: LogPoint | undefined;
    for (const entry of entries) {
      const known = this.committed[entry.index - 1];
      if (known === undefined) {
        demand(entry.index === this.committed.length + 1, 'state machine safety', `${node} skips to ${entry.index}`);
        this.commit(entry, state.term);
        news = entry;
      } else if (known !== entry) {
        const same = known.term === entry.term && known.data.equals(entry.data);
        demand(same, 'state machine safety', `${node} applies (${entry.index}, term ${entry.term}), was ${known.term}`);
      }
    }
    if (news !== undefined) this.demandDurable(node, state, news);
  }

  private commit(entry: Entry, term: number): void {
    const before = this.valueAt(this.committed.length);
    this.committed.push(entry);
    this.committedIn.push(term);
    this.committedTerms.add(entry.term);
    const value = entry.kind === 'data' ? entry.data.readUInt32BE(0) : before;
    this.values.push(value);
    if (entry.kind === 'data') this.committedNow(value, before);
  }

  private demandDurable(node: string, state: RaftState, point: LogPoint): void {
    const { voters, outgoing } = this.configurationIn(state.log);
    const durable = isMajority({ voters, outgoing }, (id) => {
      const disk = this.disks.get(id);
      return disk !== undefined && holds(disk.read(), point);
    });
    demand(durable, 'durable commit', `${node} applies ${point.index}, not on a majority of ${voters} ${outgoing}`);
    demand(
      state.role !== 'leader' || point.term === state.term,
      'commit rule',
      `leader ${node} of term ${state.term} counts an entry of term ${point.term}`,
    );
  }

  /** What is written: terms and votes only go forward, committed entries are not cut. */
  beforeWrite(node: string, disk: Recovered, batch: WriteBatch): void {
    const { hardState } = batch;
    if (hardState !== undefined) {
      const { term, votedFor } = disk.hardState;
      demand(hardState.term >= term, 'hard state', `${node} goes from term ${term} back to ${hardState.term}`);
      const changed = hardState.term === term && votedFor !== undefined && hardState.votedFor !== votedFor;
      demand(!changed, 'one vote a term', `${node} votes for ${hardState.votedFor} after ${votedFor} in ${term}`);
    }
    if (batch.truncateAfter === undefined) return;
    const index = batch.truncateAfter + 1;
    const old = disk.entries[index - disk.base.index - 1];
    if (old === undefined || this.committed[index - 1]?.term !== old.term) return;
    // Another entry in its place is for `appended` to judge: it knows in which term it came.
    const kept = (batch.base?.index ?? 0) >= index || batch.entries.some((entry) => entry.index === index);
    demand(kept, 'no committed entry lost', `${node} cuts committed entry ${index} from its disk`);
  }

  /** What leaves a node must be true of its disk. */
  sent(node: string, to: string, message: Message): void {
    const disk = this.disks.get(node)?.read() as Recovered;
    if (message.kind === 'vote-response' && message.granted && !message.pre) {
      const { term, votedFor } = disk.hardState;
      const kept = term > message.term || (term === message.term && votedFor === to);
      demand(kept, 'vote is durable', `${node} grants ${to} term ${message.term} with ${votedFor} in ${term} on disk`);
    }
    if (message.kind === 'vote-response' && message.granted) {
      const ballots = message.pre ? this.preVotes : this.votes;
      let ofTerm = ballots.get(message.term);
      if (ofTerm === undefined) ballots.set(message.term, (ofTerm = new Map()));
      const given = ofTerm.get(to);
      if (given === undefined) ofTerm.set(to, new Set([node]));
      else given.add(node);
    }
    // An answer to a leader of a past term may speak of what a later one has cut since: as if it had been long on its way.
    if (message.kind === 'append-response' && message.accepted && disk.hardState.term <= message.term) {
      const end = disk.base.index + disk.entries.length;
      demand(end >= message.index, 'ack is durable', `${node} acknowledges ${message.index}, its disk ends at ${end}`);
    }
  }

  /** Reads are linearizable: what was committed when it was asked for is in the machine when it is answered. */
  read(node: string, committedWhenAsked: number, appliedIndex: number): void {
    demand(
      appliedIndex >= committedWhenAsked,
      'linearizable read',
      `${node} reads at ${appliedIndex}, ${committedWhenAsked} were committed before it was asked`,
    );
  }

  /** As long as a leader may rely on its lease nobody else leads: stronger than that its read is not stale. */
  readByLease(node: string, { term }: RaftState): void {
    demand(
      this.lastTermLed <= term,
      'lease',
      `${node} reads by its lease of ${term}, ${this.lastTermLed} has a leader`,
    );
  }

  restored(node: string, data: Buffer, index: number): void {
    demand(data.equals(this.image(index)), 'state machine safety', `${node} restores another state at ${index}`);
  }

  valueAt(index: number): number {
    return this.values[index] ?? Number.NaN;
  }

  /** The state after applying `index`: what a snapshot of it must hold. */
  image(index: number): Buffer {
    const image = Buffer.alloc(IMAGE_BYTES, index & 0xff);
    image.writeUInt32BE(index, 0);
    image.writeUInt32BE(this.committed[index - 1]?.term ?? 0, 4);
    image.writeUInt32BE(this.valueAt(index), IMAGE_BYTES - 4);
    return image;
  }
}

/** Three chunks. */
const IMAGE_BYTES = 44;

type Voters = Pick<Configuration, 'voters' | 'outgoing'>;

/** Counted here once more: the core's own count is under test. */
function isMajority({ voters, outgoing }: Voters, holds: (id: NodeId) => boolean): boolean {
  return [voters, outgoing].every((half) => half.length === 0 || half.filter(holds).length * 2 > half.length);
}

/** Whether any majority before meets any majority after: one voter more or less, or through both at once. */
function meets(before: Configuration, after: Configuration): boolean {
  const isSame = (a: readonly NodeId[], b: readonly NodeId[]): boolean => [...a].sort().join() === [...b].sort().join();
  if (before.outgoing.length > 0) return after.outgoing.length === 0 && isSame(before.voters, after.voters);
  if (after.outgoing.length > 0) return isSame(before.voters, after.outgoing);
  const gone = before.voters.filter((id) => !after.voters.includes(id)).length;
  const come = after.voters.filter((id) => !before.voters.includes(id)).length;
  return gone + come <= 1;
}

function show({ voters, outgoing }: Configuration): string {
  return outgoing.length === 0 ? voters.join() : `${voters} with ${outgoing}`;
}

function holds(disk: Recovered, point: LogPoint): boolean {
  if (point.index <= disk.base.index) return true;
  return disk.entries[point.index - disk.base.index - 1]?.term === point.term;
}
