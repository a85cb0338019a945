import { ackedOffset, confirmBound, enoughInSync, type AckRule } from './ack-rule';
import { Replica } from './replica';
import { membersToDrop } from './shrink';
import { mayJoin, type JoinVerdict } from './expand';

export interface SyncStateSetOptions extends AckRule {
  /** haMaxTimeSlaveNotCatchup */
  readonly maxNotCaughtUpMs: number;
  /** A member whose acks stand still so long, with data out, leaves where the rest suffices. */
  readonly stalledMs: number;
}

/** How a mastership begins. */
export interface MastershipStart {
  readonly selfId: number;
  readonly masterEpoch: number;
  readonly set: readonly number[];
  readonly setEpoch: number;
  /** End of the written log. */
  readonly written: number;
  /** Confirm offset so far. */
  readonly confirm: number;
  /** Where the epoch begins; whoever joins must reach it. */
  readonly epochStart: number;
  readonly nowMs: number;
}

/** A wish for the controller, computed and to be sent under one pair of epochs. */
export interface Proposal {
  readonly masterEpoch: number;
  readonly baseSetEpoch: number;
  readonly ids: readonly number[];
}

/**
 * `refused`: certainly not applied. `unknown`: no answer, or one that leaves open whether it was or will be applied:
 * the union stays in force until a read shows a newer set, or shows the old one long enough after the sending.
 */
export type ProposalOutcome =
  | { readonly kind: 'accepted'; readonly ids: readonly number[]; readonly setEpoch: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' };

/** A candidate counts for acks at once, and is proposed when it has what was confirmed at that moment. */
interface Joining {
  readonly point: number;
  readonly sinceMs: number;
}

/** Bounds on waiting, in ms. */
export const JOIN_PATIENCE_MS = 1000;
export const RETRY_PROPOSAL_MS = 300;
/** Longer than a controller works on a request (5 s) and a caller waits for it (3 s). */
export const LOST_PROPOSAL_MS = 10_000;

/**
 * The master's account of who has what, and of the set whose members can become master (ha-protocol 7; controller 8.8).
 *
 * In force is the union of: the set last adopted from the controller, every set proposed on top of it that may have been
 * applied, and those who are about to be proposed. Acks and the confirm offset need all of it, so a successor from any of
 * these sets has everything that was acknowledged (`expand-window`).
 *
 * Invariants: self is in the local set; the confirm offset never falls within an epoch, is never above the own written
 * log nor, with allAck, above the ack of a member in force.
 */
export class SyncStateSet {
  private readonly replicas = new Map<number, Replica>();
  private readonly joining = new Map<number, Joining>();
  private readonly notBeforeMs = new Map<number, number>();
  private readonly proposed = new Set<number>();
  private shrinking = false;
  private start: MastershipStart = NOBODY;
  private localIds: readonly number[] = [];
  private setEpoch = 0;
  private inForce: readonly number[] = [];
  private flight: Proposal | undefined;
  private lostSinceMs: number | undefined;
  private nextProposalMs = 0;
  private writtenEnd = 0;
  private confirm = 0;
  private acked = 0;

  constructor(private readonly options: SyncStateSetOptions) {}

  /** Begins a mastership, or a new epoch of the present one (then connections and their acks stay). */
  begin(start: MastershipStart, keepReplicas: boolean): void {
    this.start = start;
    if (!keepReplicas) this.replicas.clear();
    this.joining.clear();
    this.notBeforeMs.clear();
    this.flight = undefined;
    this.nextProposalMs = 0;
    this.writtenEnd = start.written;
    this.confirm = keepReplicas ? Math.max(this.confirm, start.confirm) : start.confirm;
    this.acked = this.confirm;
    this.setEpoch = -1;
    this.adopt(start.set, start.setEpoch);
  }

  get epoch(): number {
    return this.setEpoch;
  }
  get masterEpoch(): number {
    return this.start.masterEpoch;
  }
  /** The set last adopted, ascending. */
  get ids(): readonly number[] {
    return this.localIds;
  }
  /** Everybody whose ack is needed, self included. */
  get union(): readonly number[] {
    return this.inForce;
  }
  get written(): number {
    return this.writtenEnd;
  }
  get confirmOffset(): number {
    return this.confirm;
  }
  /** Sends that end at or below this are acknowledged. */
  get ackedOffset(): number {
    return this.acked;
  }
  /**
   * A smaller set has been asked for, and it is not known that it was refused. Should the machine lose its power now, the
   * set may be without those who have what this disk has not.
   */
  get mayHaveShrunk(): boolean {
    return this.shrinking;
  }
  get inFlight(): Proposal | undefined {
    return this.flight;
  }
  /** Whether a report can make a proposal ready; otherwise it is enough to look now and then. */
  get hasCandidates(): boolean {
    return this.joining.size > 0;
  }
  ackOf(id: number): number {
    return this.replicas.get(id)?.ack ?? -1;
  }

  enough(): boolean {
    return enoughInSync(this.options, this.localIds.length, this.flight?.ids.length ?? 0);
  }

  /** The log grew and is written. */
  appended(written: number): void {
    if (written <= this.writtenEnd) return;
    this.writtenEnd = written;
    this.recompute();
  }

  /** A slave shook hands. Older connections of the same id lose their say. @param told the end of log it was told */
  connected(id: number, connection: number, learner: boolean, told: number): void {
    this.replicaOf(id, -Infinity).attach(connection, learner, told);
  }

  /** Bytes up to `sent` left for the slave; the log ended at `logEnd` then. */
  sent(id: number, connection: number, sent: number, logEnd: number, nowMs: number): void {
    const replica = this.replicas.get(id);
    if (replica?.connection === connection) replica.sentUpTo(sent, logEnd, nowMs);
  }

  /** @returns false when the report cannot be true: above what was sent, so the connection is to be closed */
  report(id: number, connection: number, offset: number, nowMs: number): boolean {
    const replica = this.replicas.get(id);
    if (replica === undefined || replica.connection !== connection) return true;
    if (offset > replica.sent) return false;
    replica.acked(offset, this.writtenEnd, nowMs);
    this.considerJoin(replica, nowMs);
    this.recompute();
    return true;
  }

  /** A connection is gone. Only the newest of an id matters. */
  closed(id: number, connection: number): void {
    const replica = this.replicas.get(id);
    if (replica?.connection !== connection) return;
    replica.detach();
    if (this.joining.delete(id)) this.inForceChanged();
  }

  /**
   * What the controller should be asked now, if anything. Marks it as in flight: it must be answered.
   * Called whenever something happened, and periodically.
   */
  takeProposal(nowMs: number): Proposal | undefined {
    this.considerAll(nowMs);
    if (this.flight !== undefined || nowMs < this.nextProposalMs) return undefined;
    const ids = this.wanted(nowMs);
    if (sameIds(ids, this.localIds)) return undefined;
    this.flight = { masterEpoch: this.start.masterEpoch, baseSetEpoch: this.setEpoch, ids };
    if (this.localIds.some((id) => !ids.includes(id))) this.shrinking = true;
    for (const id of ids) {
      this.proposed.add(id);
      this.joining.delete(id);
    }
    this.inForceChanged();
    return this.flight;
  }

  /** How the proposal in flight ended. Answers to others (of an earlier epoch) change nothing. */
  answered(proposal: Proposal, outcome: ProposalOutcome, nowMs: number): void {
    if (this.flight !== proposal) return;
    this.flight = undefined;
    if (outcome.kind === 'accepted') {
      this.adopt(outcome.ids, outcome.setEpoch);
      return;
    }
    this.nextProposalMs = nowMs + RETRY_PROPOSAL_MS;
    if (proposal.baseSetEpoch !== this.setEpoch) return;
    if (outcome.kind === 'unknown') this.lostSinceMs = nowMs;
    else if (this.lostSinceMs === undefined) this.forgetProposed();
    for (const id of proposal.ids) {
      if (!this.localIds.includes(id)) this.notBeforeMs.set(id, nowMs + RETRY_PROPOSAL_MS);
    }
    this.inForceChanged();
  }

  /**
   * The controller's present set, from a read, a notification or an answer. A newer one ends all doubt about proposals
   * made on the old one: their base is gone.
   * @param readSentMs when the read that told it was sent; with it, an old lost proposal is given up
   * @returns whether the set was new
   */
  adopt(ids: readonly number[], setEpoch: number, readSentMs?: number): boolean {
    if (setEpoch <= this.setEpoch) {
      this.forgetLost(setEpoch, readSentMs);
      return false;
    }
    if (!ids.includes(this.start.selfId)) return false;
    this.localIds = [...ids].sort((a, b) => a - b);
    this.setEpoch = setEpoch;
    this.forgetProposed();
    this.lostSinceMs = undefined;
    this.nextProposalMs = 0;
    for (const id of ids) this.joining.delete(id);
    for (const id of ids) if (id !== this.start.selfId) this.replicaOf(id, this.start.nowMs);
    this.inForceChanged();
    return true;
  }

  private forgetLost(setEpoch: number, readSentMs: number | undefined): void {
    if (readSentMs === undefined || this.lostSinceMs === undefined || this.flight !== undefined) return;
    if (setEpoch !== this.setEpoch || readSentMs < this.lostSinceMs + LOST_PROPOSAL_MS) return;
    this.lostSinceMs = undefined;
    this.forgetProposed();
    this.inForceChanged();
  }

  private forgetProposed(): void {
    this.proposed.clear();
    this.shrinking = false;
  }

  private replicaOf(id: number, nowMs: number): Replica {
    let replica = this.replicas.get(id);
    if (replica === undefined) this.replicas.set(id, (replica = new Replica(id, nowMs)));
    return replica;
  }

  private considerAll(nowMs: number): void {
    for (const replica of this.replicas.values()) {
      replica.refresh(this.writtenEnd, nowMs);
      this.considerJoin(replica, nowMs);
    }
    for (const [id, joining] of this.joining) {
      if (nowMs - joining.sinceMs <= JOIN_PATIENCE_MS) continue;
      this.joining.delete(id);
      this.notBeforeMs.set(id, nowMs + JOIN_PATIENCE_MS);
      this.inForceChanged();
    }
  }

  private considerJoin(replica: Replica, nowMs: number): void {
    if (this.localIds.includes(replica.id) || this.joining.has(replica.id)) return;
    if (this.flight?.ids.includes(replica.id) === true) return;
    if (this.joinVerdict(replica, nowMs) !== 'join') return;
    this.joining.set(replica.id, { point: this.confirm, sinceMs: nowMs });
    this.inForceChanged();
  }

  private joinVerdict(replica: Replica, nowMs: number): JoinVerdict {
    return mayJoin({
      connected: replica.connection >= 0,
      learner: replica.learner,
      ack: replica.ack,
      epochStart: this.start.epochStart,
      lagMs: nowMs - replica.caughtUpMs,
      waitMs: (this.notBeforeMs.get(replica.id) ?? 0) - nowMs,
    });
  }

  private wanted(nowMs: number): number[] {
    const others = this.localIds.filter((id) => id !== this.start.selfId).map((id) => this.replicaOf(id, nowMs));
    const dropped = membersToDrop(others, { ...this.options, written: this.writtenEnd, nowMs });
    const ready = [...this.joining].filter(([id, joining]) => this.ackOf(id) >= joining.point).map(([id]) => id);
    return [...this.localIds.filter((id) => !dropped.includes(id)), ...ready].sort((a, b) => a - b);
  }

  private inForceChanged(): void {
    const union = new Set(this.localIds);
    for (const id of this.proposed) union.add(id);
    for (const id of this.joining.keys()) union.add(id);
    this.inForce = [...union].sort((a, b) => a - b);
    this.recompute();
  }

  private recompute(): void {
    const { options, writtenEnd } = this;
    const acks = this.acksOf(options.allAckInSyncStateSet ? this.inForce : this.localIds);
    this.confirm = Math.max(this.confirm, confirmBound(options, writtenEnd, acks));
    if (this.localIds.length < options.minInSyncReplicas) return;
    this.acked = Math.max(this.acked, ackedOffset(options, writtenEnd, acks));
  }

  private acksOf(ids: readonly number[]): number[] {
    const acks: number[] = [];
    for (const id of ids) if (id !== this.start.selfId) acks.push(this.ackOf(id));
    return acks;
  }
}

const NOBODY: MastershipStart = {
  selfId: -1,
  masterEpoch: -1,
  set: [],
  setEpoch: -1,
  written: 0,
  confirm: 0,
  epochStart: 0,
  nowMs: 0,
};

function sameIds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
