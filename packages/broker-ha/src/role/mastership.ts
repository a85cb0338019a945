import { textOf, type Cancel, type Host } from '@batonmq/host';
import { ReplicationWaiters, type ReplicatedCallback, type ReplicationOutcome } from '../core/replication-waiters';
import { SyncStateSet, type MastershipStart, type Proposal, type ProposalOutcome } from '../core/sync-state-set';
import type { HaOptions } from '../options';
import type { ReplicaLog } from '../replica-log';
import type { SlaveWatcher } from '../replication/ha-server';

export interface MastershipPorts {
  /** Asks the controller for a set. Never throws. */
  propose(proposal: Proposal): Promise<ProposalOutcome>;
  /** Something may have changed at the controller: read it now. */
  readTruth(): void;
  /** Monotonic time at which the last request was sent that an active controller answered. */
  lastContactMs(): number;
  setAdopted(ids: readonly number[], setEpoch: number): void;
  /** Confirm offset or epoch changed. */
  news(): void;
}

export type Acceptance = 'ok' | 'not-master' | 'not-enough-in-sync';

/** How often members and candidates are looked at beside the events that concern them. */
const LOOK_MS = 200;
const MAX_WAITING = 1 << 20;

/**
 * The master's part while this broker holds the office: accounts for slaves, proposes sets, raises the confirm offset and
 * settles the sends that wait.
 */
export class Mastership implements SlaveWatcher {
  readonly set: SyncStateSet;
  private readonly waiters = new ReplicationWaiters();
  private holding = false;
  private accepting = false;
  /** A new epoch of this mastership is being confirmed. */
  private renewing = false;
  /** Known to be on the own disk, as far as it mattered. */
  private durable = -1;
  private syncing = false;
  private cancelDeadline: Cancel | undefined;
  private cancelLook: Cancel = () => {};

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers' | 'log'>,
    private readonly options: HaOptions,
    private readonly log: ReplicaLog,
    private readonly ports: MastershipPorts,
  ) {
    this.set = new SyncStateSet({
      allAckInSyncStateSet: options.allAckInSyncStateSet,
      inSyncReplicas: options.inSyncReplicas,
      minInSyncReplicas: options.minInSyncReplicas,
      maxNotCaughtUpMs: options.haMaxTimeSlaveNotCatchup,
      stalledMs: options.haStalledSlaveMs ?? 2500,
    });
  }

  /** Whether the office is held: slaves are served and accounted for. */
  get held(): boolean {
    return this.holding;
  }
  get waiting(): number {
    return this.waiters.size;
  }

  /** Takes the office; sends are not accepted yet. The confirm offset is raised to the end if the set is this broker alone. */
  begin(start: Omit<MastershipStart, 'nowMs'>): void {
    this.holding = true;
    this.renewing = false;
    this.durable = -1;
    this.set.begin({ ...start, nowMs: this.now() }, false);
    this.cancelLook();
    this.cancelLook = this.host.timers.every(Math.min(LOOK_MS, this.options.checkSyncStateSetPeriod), () =>
      this.look(),
    );
    this.settle();
  }

  /** Before a new epoch is confirmed: from the confirmation on the set is this broker alone. */
  beginRenewal(): void {
    this.renewing = true;
  }

  /** A new epoch of the same mastership: connections and acks go on. */
  renew(start: Omit<MastershipStart, 'nowMs'>): void {
    this.renewing = false;
    this.set.begin({ ...start, nowMs: this.now() }, true);
    this.settle();
    this.look();
  }

  /** From now on sends are accepted. */
  accept(): void {
    this.accepting = true;
  }

  /** At once: nothing is accepted or acknowledged any more. Slaves are still accounted for. */
  fence(): void {
    this.accepting = false;
    this.waiters.failAll('not-master');
  }

  /** Gives up the office. */
  end(): void {
    this.fence();
    this.holding = false;
    this.cancelLook();
  }

  canAccept(): Acceptance {
    if (!this.accepting || !this.hasLease()) return 'not-master';
    return this.set.enough() ? 'ok' : 'not-enough-in-sync';
  }

  whenReplicated(endOffset: number): Promise<ReplicationOutcome> {
    return new Promise((resolve) => this.onReplicated(endOffset, resolve));
  }

  /** The same without a promise; called back at once when the answer is known. */
  onReplicated(endOffset: number, callback: ReplicatedCallback): void {
    if (!this.accepting || !this.hasLease()) return callback('not-master');
    if (endOffset <= this.acked()) return callback('ok');
    if (this.waiters.size >= MAX_WAITING) return callback('timeout');
    this.waiters.add(endOffset, this.now() + this.options.slaveTimeout, callback);
    this.armDeadline();
    if (this.waitsForDisk()) this.settle();
  }

  /** The log grew and is written. */
  appended(written: number): void {
    if (!this.holding) return;
    this.set.appended(written);
    this.settle();
  }

  /** A set read from the controller. @param readSentMs when the read was sent */
  adopt(ids: readonly number[], setEpoch: number, readSentMs?: number): void {
    if (!this.holding) return;
    if (this.set.adopt(ids, setEpoch, readSentMs)) this.adopted();
    this.settle();
    this.look();
  }

  connected(slaveId: number, link: number, learner: boolean, told: number): void {
    if (this.holding) this.set.connected(slaveId, link, learner, told);
  }

  sent(slaveId: number, link: number, sent: number): void {
    if (this.holding) this.set.sent(slaveId, link, sent, this.set.written, this.now());
  }

  reported(slaveId: number, link: number, offset: number): boolean {
    if (!this.holding) return false;
    if (!this.set.report(slaveId, link, offset, this.now())) return false;
    this.settle();
    if (this.set.hasCandidates) this.look();
    return true;
  }

  closed(slaveId: number, link: number): void {
    if (!this.holding) return;
    this.set.closed(slaveId, link);
    this.settle();
    this.look();
  }

  /**
   * With weak ack settings a master may not outlive the controller's patience: a successor may be at work. With allAck
   * the successor itself is missing among the acks, which is fence enough.
   */
  private hasLease(): boolean {
    if (this.options.allAckInSyncStateSet) return true;
    return this.now() - this.ports.lastContactMs() <= this.options.controllerHeartBeatTimeoutMills;
  }

  private settle(): void {
    const { confirmOffset } = this.set;
    if (confirmOffset > this.log.confirmOffset()) {
      this.log.setConfirmOffset(confirmOffset);
      this.ports.news();
    }
    if (this.waiters.size === 0) return;
    if (this.hasLease()) this.waiters.resolveUpTo(this.acked());
    else this.waiters.failAll('not-master');
    if (this.waiters.size > 0 && this.waitsForDisk() && this.set.ackedOffset > this.durable) void this.syncForAcks();
  }

  /** What may be acknowledged now. */
  private acked(): number {
    const { ackedOffset } = this.set;
    return this.waitsForDisk() ? Math.min(ackedOffset, this.durable) : ackedOffset;
  }

  /**
   * While others are being released from what they keep, an acknowledgement needs the own disk too: should the power fail
   * now, the set may be this machine alone (`lazy-flush`).
   */
  private waitsForDisk(): boolean {
    return (this.renewing || this.set.mayHaveShrunk) && this.log.sync !== undefined;
  }

  private async syncForAcks(): Promise<void> {
    if (this.syncing) return;
    this.syncing = true;
    try {
      await this.makeDurable();
      this.syncing = false;
      if (this.holding) this.settle();
    } catch (error) {
      // Asked for again at the next look at the set.
      this.syncing = false;
      this.host.log.warn({ error: textOf(error) }, 'the log cannot be synced; acknowledgements wait');
    }
  }

  private async makeDurable(): Promise<void> {
    const { written } = this.set;
    await this.log.sync?.();
    this.durable = Math.max(this.durable, written);
  }

  private armDeadline(): void {
    if (this.cancelDeadline !== undefined) return;
    const delay = Math.max(1, this.waiters.firstDeadline() - this.now());
    this.cancelDeadline = this.host.timers.after(delay, () => {
      this.cancelDeadline = undefined;
      this.settle();
      this.waiters.expire(this.now());
      if (this.waiters.size > 0) this.armDeadline();
    });
  }

  private look(): void {
    if (!this.holding) return;
    const proposal = this.set.takeProposal(this.now());
    this.settle();
    if (proposal !== undefined) void this.send(proposal);
  }

  private async send(proposal: Proposal): Promise<void> {
    const before = this.set.epoch;
    const outcome = await this.propose(proposal);
    this.host.log.info(
      { wanted: proposal.ids, base: proposal.baseSetEpoch, outcome: outcome.kind },
      'SyncStateSet change',
    );
    this.set.answered(proposal, outcome, this.now());
    if (!this.holding) return;
    if (this.set.epoch !== before) this.adopted();
    if (outcome.kind !== 'accepted') this.ports.readTruth();
    this.settle();
    this.look();
  }

  /** Who leaves the set need not keep anything any more, so those who stay must have it on a disk first (`lazy-flush`). */
  private async propose(proposal: Proposal): Promise<ProposalOutcome> {
    const shrinks = this.set.ids.some((id) => !proposal.ids.includes(id));
    try {
      if (shrinks) await this.makeDurable();
    } catch (error) {
      this.host.log.error({ error: textOf(error) }, 'the log cannot be synced, so nobody may leave the SyncStateSet');
      return { kind: 'refused' };
    }
    return this.ports.propose(proposal);
  }

  private adopted(): void {
    const { ids, epoch } = this.set;
    this.host.log.info({ set: ids, setEpoch: epoch }, 'SyncStateSet adopted');
    try {
      this.ports.setAdopted(ids, epoch);
    } catch (error) {
      this.host.log.error({ error: textOf(error) }, 'a listener to the SyncStateSet failed');
    }
  }

  private now(): number {
    return this.host.clock.monotonicMs();
  }
}
