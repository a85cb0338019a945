import { textOf, type Cancel, type Lifecycle } from '@batonmq/host';
import { Applying } from './applying';
import type { Effect } from './core/effect';
import type { What } from './core/event';
import { isVoter, membersOf, type MembershipChange } from './core/configuration';
import { configurationAt } from './core/membership';
import { possibleConfigurations } from './core/membership';
import { createState, isReady, type RaftState } from './core/state';
import { nextDeadlineMs, step } from './core/step';
import type { Configuration, Entry, Member, Recovered, Snapshot } from './core/types';
import { DeadlineTimer } from './deadline-timer';
import { RaftError } from './errors';
import { MembershipChanges } from './membership-changes';
import { coreOptionsOf, noStatus, statusOf, type RaftNodeOptions, type RaftStatus } from './node-options';
import type { GroupImage } from './operate/snapshot-file';
import { Proposals } from './proposals';
import { addressOf, type Peer } from './transport/transport';
import { Waiters, type Waiter } from './waiters';
import { WriteGate } from './write-gate';

/** How long a node that failed keeps its connections, so that its last message gets out. */
const LAST_WORDS_MS = 50;

/** How often `addVoter` looks whether the learner has caught up. */
const CATCH_UP_POLL_MS = 50;

type Phase = 'new' | 'running' | 'stopped';

/**
 * One member of a Raft group: the shell around the pure core. Turns timers, messages and calls into events, and effects
 * into writes, messages and calls of the state machine. One write to the disk is in flight at a time; everything that
 * comes meanwhile goes with the next.
 */
export class RaftNode implements Lifecycle {
  private phase: Phase = 'new';
  private stateOrNone: RaftState | undefined;
  private readonly gate = new WriteGate();
  private readonly timer: DeadlineTimer;
  private readonly proposals: Proposals;
  private readonly applying: Applying;
  private readonly reads: Waiters<void>;
  private readonly readsById = new Map<number, Waiter<void>>();
  private readonly transfers: Waiters<void>;
  private readonly transferring: Waiter<void>[] = [];
  private readonly changes: MembershipChanges;
  private nextReadId = 1;
  private readonly queue: What[] = [];
  private busy = false;
  private readonly listeners = new Set<(status: RaftStatus) => void>();
  private readonly timeoutMs: number;
  private readonly snapshotEvery: number;
  private failure: RaftError | undefined;
  private writing: Promise<void> | undefined;

  constructor(private readonly options: RaftNodeOptions) {
    const { host } = options;
    const { heartbeatMs } = coreOptionsOf(options);
    this.timeoutMs = options.timeoutMs ?? 10_000;
    this.snapshotEvery = options.snapshotEveryEntries ?? 10_000;
    const deadline = (): number => nextDeadlineMs(this.state);
    this.timer = new DeadlineTimer(host, deadline, heartbeatMs, () => this.dispatch({ kind: 'tick' }));
    this.proposals = new Proposals(host, options.maxPending ?? 20_000, (data) =>
      this.dispatch({ kind: 'propose', data }),
    );
    const failed = (error: unknown): void => this.fail(error);
    this.applying = new Applying(host.timers, (entry) => this.apply(entry), failed);
    this.reads = new Waiters(host, () => new RaftError('TIMEOUT', 'no majority confirmed the leader in time'));
    this.changes = new MembershipChanges(host);
    this.transfers = new Waiters(host, () => new RaftError('TIMEOUT', 'leadership was not handed over in time'));
  }

  /** Reads the storage, restores the machine, listens. Resolves before there is a leader. @throws RaftError */
  async start(): Promise<void> {
    if (this.phase !== 'new') throw new RaftError('STOPPED', 'a raft node starts once');
    const { host, storage, machine, transport, id, group } = this.options;
    const core = coreOptionsOf(this.options);
    const recovered = await storage.open();
    this.stateOrNone = createState(core, recovered, host.clock.monotonicMs(), host.random.next());
    if (recovered.snapshot !== undefined) machine.restore(recovered.snapshot.data);
    this.applying.appliedIndex = recovered.snapshot?.index ?? 0;
    this.logStart(recovered);
    this.phase = 'running';
    await transport.start(
      { id, group, peers: this.peers() },
      {
        message: (from, message) => this.dispatch({ kind: 'message', from, message }),
        unreachable: (peer) => this.dispatch({ kind: 'unreachable', peer }),
      },
    );
    if (this.phase !== 'running') return;
    this.meetPeers();
    this.timer.update();
  }

  /**
   * The members; until the newest configuration is committed also those of the one before, for it may fall back to that;
   * and this node also when it is no member: it has to listen somewhere.
   */
  private peers(): Peer[] {
    const { id, peers } = this.options;
    const inForce = possibleConfigurations(this.state).flatMap(membersOf);
    const all = [...inForce, ...peers.filter((peer) => peer.id === id)];
    return [...new Map(all.reverse().map((peer) => [peer.id, peer])).values()].reverse();
  }

  private meetPeers(): void {
    const [newest, settled = newest] = possibleConfigurations(this.state) as [Configuration, Configuration?];
    this.options.transport.setPeers?.(this.peers(), newest.index, settled.index);
  }

  private logStart({ hardState, entries, snapshot }: Recovered): void {
    const { id, group, host } = this.options;
    const fields = { group, node: id, term: hardState.term, entries: entries.length, snapshot: snapshot?.index ?? 0 };
    host.log.info(fields, 'raft node starts');
  }

  async stop(): Promise<void> {
    const { phase } = this;
    this.halt(new RaftError('STOPPED', 'the raft node is stopped'));
    if (phase === 'new') return;
    await this.options.transport.stop();
    await this.writing;
    await this.options.storage.close();
  }

  /**
   * Puts `data` into the log. Resolves with the state machine's result once it is committed and applied on this node.
   * @param data not to be changed afterwards
   * @throws RaftError NOT_LEADER (with leaderHint), DROPPED: did not and will not happen; TIMEOUT, STOPPED: not known
   */
  propose(data: Buffer, timeoutMs = this.timeoutMs): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const refusal = this.refusal();
      if (refusal !== undefined) reject(refusal);
      else this.proposals.add(data, timeoutMs, resolve, reject);
    });
  }

  /**
   * Resolves when a linearizable read of the machine may be made on this node, at once.
   * @throws RaftError NOT_LEADER, TIMEOUT, STOPPED
   */
  readIndex(timeoutMs = this.timeoutMs): Promise<void> {
    return this.read(timeoutMs, false);
  }

  /**
   * As `readIndex`, but without asking anybody while a majority has lately promised not to elect another leader. Right
   * only while no clock of the group runs fast or slow by more than `maxClockDrift`, or stands still with its machine.
   */
  leaseRead(timeoutMs = this.timeoutMs): Promise<void> {
    return this.read(timeoutMs, true);
  }

  private read(timeoutMs: number, byLease: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const refusal = this.refusal();
      if (refusal !== undefined) return reject(refusal);
      const id = this.nextReadId++;
      const forget = (): boolean => this.readsById.delete(id);
      const waiter = this.reads.add(
        timeoutMs,
        () => void (forget(), resolve()),
        (error) => void (forget(), reject(error)),
      );
      this.readsById.set(id, waiter);
      this.dispatch({ kind: 'read', id, byLease });
    });
  }

  /**
   * Hands leadership to `to`, or to the follower that has most of the log. Resolves when this node leads no more.
   * @throws RaftError NOT_LEADER, TIMEOUT: it still leads; DROPPED: there is no such follower
   */
  transferLeadership(to?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const refusal = this.refusal();
      if (refusal !== undefined) return reject(refusal);
      this.transferring.push(this.transfers.add(this.timeoutMs, resolve, reject));
      this.dispatch({ kind: 'transfer', to });
    });
  }

  /**
   * Changes who is a member; one change at a time. Several voters change jointly: at no moment can one half of the group
   * decide without the other. Resolves when it is over. To replace a member, add the new one first.
   * @throws RaftError NOT_LEADER, DROPPED (`because` says why), CONFIG (an address): not changed; TIMEOUT, STOPPED: not known
   */
  changeMembership(change: MembershipChange, timeoutMs = this.timeoutMs): Promise<void> {
    return new Promise((resolve, reject) => {
      const refusal = this.refusal();
      if (refusal !== undefined) return reject(refusal);
      [...(change.voters ?? []), ...(change.learners ?? [])].forEach(addressOf); // CONFIG
      this.changes.add(timeoutMs, resolve, reject);
      this.dispatch({ kind: 'change', change });
    });
  }

  /** It gets the log from now on, but has no vote. Started with `join`. @throws as changeMembership */
  addLearner(member: Member): Promise<void> {
    return this.changeMembership({ learners: [member] });
  }

  /** Makes a learner that has caught up a voter. @throws as changeMembership; DROPPED while it has not */
  promote(id: string): Promise<void> {
    const address = this.status().configuration.addresses[id] ?? '';
    return this.changeMembership({ voters: [{ id, address }] });
  }

  /** Removes a voter or a learner, this node included: then it leads until that is over. @throws as changeMembership */
  removeMember(id: string): Promise<void> {
    return this.changeMembership({ removed: [id] });
  }

  /** Adds a learner, waits until it has caught up, and promotes it. @throws as changeMembership; TIMEOUT: it stays a learner */
  async addVoter(member: Member, timeoutMs = this.timeoutMs): Promise<void> {
    const { clock, timers } = this.options.host;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    if (!this.status().configuration.voters.includes(member.id)) await this.addLearner(member);
    for (;;) {
      try {
        return await this.changeMembership({ voters: [member] }, Math.max(1, deadlineMs - clock.monotonicMs()));
      } catch (error) {
        const { because } = error as Partial<RaftError>;
        if (because !== 'not-caught-up' || clock.monotonicMs() >= deadlineMs) throw error;
        await new Promise<void>((resolve) => timers.after(CATCH_UP_POLL_MS, resolve));
      }
    }
  }

  /**
   * The state machine as this node has it now, to be kept in a file (`writeSnapshotFile`); for the newest, `readIndex` first.
   * @throws RaftError STOPPED; DROPPED while a snapshot of the leader is being installed
   */
  image(): GroupImage {
    if (this.phase !== 'running') throw this.failure ?? new RaftError('STOPPED', 'the raft node does not run');
    const index = this.applying.appliedIndex;
    const term = this.state.log.termAt(index);
    if (term === undefined) throw new RaftError('DROPPED', 'a snapshot is being installed', { hint: 'try again' });
    const configuration = configurationAt(this.state, index);
    return { group: this.options.group, index, term, configuration, data: this.options.machine.snapshot() };
  }

  status(): RaftStatus {
    const { stateOrNone: state } = this;
    if (state === undefined) return noStatus(this.phase === 'stopped');
    return { ...statusOf(state, isReady(state), this.phase === 'stopped'), appliedIndex: this.applying.appliedIndex };
  }

  /** Tells of changes of role, term, leader or readiness, after the fact. @returns takes the listener away */
  onRoleChange(listener: (status: RaftStatus) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private get state(): RaftState {
    if (this.stateOrNone === undefined) throw new RaftError('STOPPED', 'the raft node was not started');
    return this.stateOrNone;
  }

  private refusal(): RaftError | undefined {
    if (this.phase !== 'running') return this.failure ?? new RaftError('STOPPED', 'the raft node does not run');
    return this.state.role === 'leader' ? undefined : this.notLeader();
  }

  private notLeader(): RaftError {
    const leaderHint = this.state.leaderId;
    const text = leaderHint === undefined ? 'and knows no leader' : `${leaderHint} does`;
    return new RaftError('NOT_LEADER', `node ${this.options.id} does not lead: ${text}`, { leaderHint });
  }

  /** Events are handled one after the other, also those that come out of handling one. */
  private dispatch(what: What): void {
    if (this.phase !== 'running') return;
    this.queue.push(what);
    if (this.busy) return;
    this.busy = true;
    try {
      for (let next = this.queue.shift(); next !== undefined && this.phase === 'running'; next = this.queue.shift()) {
        this.handle(next);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.busy = false;
    }
  }

  private handle(what: What): void {
    const { clock, random } = this.options.host;
    const effects = step(this.state, { what, now: clock.monotonicMs(), random: random.next() });
    for (const effect of effects) this.perform(effect);
    this.maybeSnapshot();
    this.maybeWrite();
    this.timer.update();
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'persist':
        return this.gate.add(effect.batch);
      case 'send':
        if (effect.after === 'now' || !this.gate.hold(effect)) this.options.transport.send(effect.to, effect.message);
        return;
      case 'apply':
        return this.applying.entries(effect.entries);
      case 'restore':
        return this.applying.then(() => this.restore(effect.snapshot));
      case 'proposed':
        return this.proposals.placed(effect.firstIndex, this.state.term);
      case 'refused':
        return this.proposals.refused(this.refusalOf(effect.because));
      case 'read-ready':
        return this.applying.then(() => this.readsById.get(effect.id)?.resolve());
      case 'read-failed':
        return this.readsById.get(effect.id)?.reject(this.notLeader());
      case 'transfer-ended':
        return this.transferEnded(effect.because);
      case 'change-accepted':
        return this.changes.accepted(effect.index, this.state.term, this.state.appliedIndex);
      case 'change-refused':
        return this.changes.refused(effect.because, () => this.notLeader());
      case 'configured':
        return this.configured(effect.configuration);
      case 'status':
        return this.applying.then(() => this.announce());
      default:
        return effect satisfies never;
    }
  }

  private refusalOf(because: 'not-leader' | 'transferring'): RaftError {
    if (because === 'not-leader') return this.notLeader();
    return new RaftError('DROPPED', 'leadership is being handed over', { hint: 'try again in a moment' });
  }

  private apply(entry: Entry): void {
    const result = entry.kind === 'data' ? this.options.machine.apply(entry.data, entry.index) : undefined;
    this.proposals.applied(entry, result);
    this.changes.applied(entry);
    if (entry.kind === 'config') this.meetPeers();
  }

  private restore({ index, data }: Snapshot): void {
    this.options.machine.restore(data);
    this.applying.appliedIndex = index;
    this.changes.skipped(index);
    this.proposals.skipped(index);
  }

  private configured(configuration: Configuration): void {
    const { id, group, host } = this.options;
    const { index, voters, outgoing, learners } = configuration;
    host.log.info({ group, node: id, index, voters, outgoing, learners }, 'raft members');
    this.meetPeers();
  }

  private transferEnded(because: Extract<Effect, { kind: 'transfer-ended' }>['because']): void {
    const waiter = this.transferring.shift();
    if (because === 'handed-over') waiter?.resolve();
    else if (because === 'not-leader') waiter?.reject(this.notLeader());
    else if (because === 'timeout') waiter?.reject(new RaftError('TIMEOUT', 'the successor did not take over in time'));
    else waiter?.reject(new RaftError('DROPPED', 'there is no such follower to hand over to'));
  }

  private announce(): void {
    const status = this.status();
    const { id, group, host } = this.options;
    const { role, term, leaderId: leader, ready } = status;
    host.log.info({ group, node: id, role, term, leader, ready }, 'raft role');
    for (const listener of [...this.listeners]) {
      try {
        listener(status);
      } catch (error) {
        host.log.error({ node: id, error: textOf(error) }, 'a listener for raft roles failed');
      }
    }
  }

  private maybeSnapshot(): void {
    const { snapshot } = this.state;
    const index = this.applying.appliedIndex;
    if (this.snapshotEvery === 0 || index - (snapshot?.index ?? 0) < this.snapshotEvery) return;
    const data = this.options.machine.snapshot();
    this.queue.unshift({ kind: 'snapshot-taken', index, data });
  }

  private maybeWrite(): void {
    const batch = this.gate.begin();
    if (batch === undefined) return;
    const cancel = this.watchDisk();
    this.writing = this.options.storage
      .write(batch)
      .finally(cancel)
      .then(
        () => this.written(),
        (error: unknown) => this.fail(error),
      );
  }

  /** A disk that does not answer is no disk to lead with. @returns ends the watch */
  private watchDisk(): Cancel {
    const { host, id, group, diskTimeoutMs = 10_000 } = this.options;
    let cancel: Cancel = () => {};
    const watch = (): void => {
      cancel = host.timers.after(diskTimeoutMs, () => {
        if (this.phase !== 'running') return;
        host.log.warn({ group, node: id, diskTimeoutMs }, 'the disk does not answer');
        const complain = (error: unknown): void =>
          host.log.warn({ group, node: id, error: textOf(error) }, 'cannot hand leadership over');
        if (this.state.role === 'leader') this.transferLeadership().catch(complain);
        watch();
      });
    };
    watch();
    return () => cancel();
  }

  private written(): void {
    if (this.phase !== 'running') return;
    const { hardState, last, released } = this.gate.complete();
    for (const { to, message } of released) this.options.transport.send(to, message);
    this.dispatch({ kind: 'persisted', hardState, last });
  }

  /** The disk, the machine or a rule of Raft failed: a member that cannot be trusted is better no member. */
  private fail(error: unknown): void {
    if (this.phase !== 'running') return;
    const { id, group, host, transport } = this.options;
    host.log.error({ group, node: id, error: textOf(error) }, 'raft node stops itself');
    this.askSuccessor();
    this.halt(new RaftError('STOPPED', `the raft node stopped itself: ${textOf(error)}`, { cause: error }));
    // What was said last still gets out.
    const complain = (cause: unknown): void =>
      host.log.error({ node: id, error: textOf(cause) }, 'transport did not stop');
    host.timers.after(LAST_WORDS_MS, () => void transport.stop().catch(complain));
    this.announce();
  }

  /** Rather than let the group wait for an election timeout: who has most of the log should stand for election now. */
  private askSuccessor(): void {
    const { role, progress, term, configuration } = this.state;
    if (role !== 'leader') return;
    const voters = [...progress].filter(([id]) => isVoter(configuration, id));
    const [best] = voters.sort(([, a], [, b]) => b.matchIndex - a.matchIndex);
    if (best !== undefined) this.options.transport.send(best[0], { kind: 'timeout-now', term });
  }

  private halt(reason: RaftError): void {
    if (this.phase === 'stopped') return;
    this.phase = 'stopped';
    this.failure = reason;
    this.queue.length = 0;
    this.applying.clear();
    this.timer.stop();
    this.proposals.rejectAll(reason);
    this.changes.rejectAll(reason);
    this.reads.rejectAll(reason);
    this.transfers.rejectAll(reason);
  }
}
