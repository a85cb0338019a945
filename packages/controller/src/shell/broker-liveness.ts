import type { Cancel, Host } from '@batonmq/host';
import type { Peer } from '@batonmq/remoting';
import { DEFAULT_HEARTBEAT_TIMEOUT_MS, LivenessTable, type BrokerKey, type Heartbeat } from '../core/liveness-table';
import type { LiveView } from '../core/live-view';

/** A timer later than this says that this process stood still, and that heartbeats wait unread. */
const STALL_MS = 200;
const LONGEST_GRACE_MS = 1000;

export interface LivenessListener {
  /** Connection closed or heartbeats too old. */
  lost(brokers: readonly BrokerKey[]): void;
  /** A broker that was not alive before. */
  appeared(broker: BrokerKey): void;
}

/** The liveness table on real connections and time. Runs on every controller, leader or not. */
export class BrokerLiveness {
  private readonly table = new LivenessTable();
  /** Connections that carry heartbeats. */
  private readonly peers = new Map<number, Peer>();
  private cancelCheck: Cancel = () => {};
  private checkDueMs = Number.POSITIVE_INFINITY;
  /** While heartbeats that came during a standstill are read, brokers are judged as of before it. */
  private frozenMs: number | undefined;
  private stopped = false;

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers' | 'log'>,
    private readonly maxCheckIntervalMs: number,
    private readonly listener: LivenessListener,
  ) {}

  heartbeat(heartbeat: Heartbeat, peer: Peer): void {
    if (peer.closed || this.stopped) return;
    this.peers.set(peer.id, peer);
    const appeared = this.table.heartbeat(heartbeat, peer.id, this.now());
    if (this.frozenMs === undefined && this.table.nextDeadlineMs < this.checkDueMs) this.armCheck();
    if (appeared) this.listener.appeared(heartbeat);
  }

  peerClosed(peer: Peer): void {
    if (!this.peers.delete(peer.id)) return;
    const lost = this.table.connectionClosed(peer.id, this.now());
    if (lost.length > 0 && !this.stopped) this.listener.lost(lost);
  }

  /** Another process of this broker has shown up: what was known of the former one no longer counts. */
  forget(key: BrokerKey): void {
    this.table.forget(key, this.now());
  }

  isAlive(key: BrokerKey): boolean {
    return this.table.isAlive(key, this.judgedMs());
  }

  view(brokerName: string): LiveView {
    return this.table.view(brokerName, this.judgedMs());
  }

  /** For one heartbeat timeout nobody counts as dead for not having been heard. @returns how long, in ms */
  listen(): number {
    this.table.listenUntil(this.now() + DEFAULT_HEARTBEAT_TIMEOUT_MS);
    return DEFAULT_HEARTBEAT_TIMEOUT_MS;
  }

  living(): Iterable<Heartbeat> {
    return this.table.living(this.judgedMs());
  }

  stop(): void {
    this.stopped = true;
    this.cancelCheck();
  }

  private now(): number {
    return this.host.clock.monotonicMs();
  }

  /** The time as of which brokers are judged: now, unless what they said meanwhile may wait unread. */
  private judgedMs(): number {
    if (this.frozenMs !== undefined) return this.frozenMs;
    const nowMs = this.now();
    return nowMs - this.checkDueMs > STALL_MS ? this.checkDueMs : nowMs;
  }

  /** The check is due when the first record can expire, not at the next round of a period. */
  private armCheck(delayMs?: number): void {
    this.cancelCheck();
    if (this.stopped) return;
    const untilDeadlineMs = Math.max(0, this.table.nextDeadlineMs - this.now()) + 1;
    const waitMs = delayMs ?? Math.min(untilDeadlineMs, this.maxCheckIntervalMs);
    this.checkDueMs = this.now() + waitMs;
    this.cancelCheck = this.host.timers.after(waitMs, () => this.check());
  }

  private check(): void {
    const lateMs = this.now() - this.checkDueMs;
    if (lateMs > STALL_MS && this.frozenMs === undefined) {
      this.frozenMs = this.checkDueMs;
      const fields = { lateMs: Math.round(lateMs) };
      this.host.log.warn(fields, 'this process stood still; heartbeats are read before brokers are judged');
      this.armCheck(Math.min(lateMs, LONGEST_GRACE_MS));
      return;
    }
    this.frozenMs = undefined;
    const expired = this.table.expire(this.now());
    this.armCheck();
    if (expired.length === 0) return;
    for (const { key, connection } of expired) this.dropConnection(key, connection);
    this.listener.lost(expired.map(({ key }) => key));
  }

  /** A broker that is only slow connects anew; one that is gone without a word leaves nothing behind. */
  private dropConnection(key: BrokerKey, connection: number): void {
    const peer = this.peers.get(connection);
    this.host.log.warn({ ...key, peer: peer?.remote }, 'The broker channel expired');
    if (peer === undefined || this.table.isUsed(connection)) return;
    this.peers.delete(connection);
    peer.close(new Error(`no heartbeat of ${key.brokerName} ${key.brokerId} in time`));
  }
}
