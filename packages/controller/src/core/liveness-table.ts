import type { LiveBroker, LiveView } from './live-view';

export interface BrokerKey {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly brokerId: number;
}

/** What a broker says of itself (controller.md 3.1). */
export interface Heartbeat extends BrokerKey {
  readonly brokerAddr: string;
  readonly epoch: number;
  readonly maxOffset: number;
  readonly confirmOffset: number;
  /** How long it is good for. */
  readonly timeoutMs: number;
  readonly electionPriority: number;
}

export const DEFAULT_HEARTBEAT_TIMEOUT_MS = 10_000;
export const LOWEST_PRIORITY = 2_147_483_647;
/** Strangers may send heartbeats too: what they can fill has bounds. */
const DEFAULT_LIMITS = { brokers: 200_000, brokersOfOneName: 1000 };

interface Entry {
  heartbeat: Heartbeat;
  lastMs: number;
  /** The newest connection that carried a heartbeat of this broker. */
  connection: number;
  /** Since when its connection is closed or its heartbeat too old; such an entry is kept for one timeout more. */
  lostMs: number | undefined;
}

/**
 * Who is alive, by heartbeats. Pure: time comes with each call, in milliseconds of one monotonic clock. Every controller
 * has one, leader or not, so that a new leader knows its brokers (controller.md 6.1). Three departures from the reference:
 * the newest heartbeat counts in full, also when it reports less than an earlier one (`stale-rank`); a broker belongs to
 * its newest connection, and only that one's closing is its death (`late-close-deposes`); several brokers may share one
 * connection and are lost together (15.13).
 */
export class LivenessTable {
  private readonly byName = new Map<string, Entry[]>();
  private readonly byConnection = new Map<number, Set<Entry>>();
  private count = 0;
  private listeningUntilMs = Number.NEGATIVE_INFINITY;
  private deadlineMs = Number.POSITIVE_INFINITY;

  constructor(private readonly limits = DEFAULT_LIMITS) {}

  /** Not before this time has any record to expire; infinite when there is none. */
  get nextDeadlineMs(): number {
    return this.deadlineMs;
  }

  /** A leader begins: until then nobody counts as dead for not having been heard (`restart-of-all-controllers`). */
  listenUntil(untilMs: number): void {
    this.listeningUntilMs = untilMs;
  }

  /** @returns whether the broker was not alive before; a new one that exceeds the bounds is left out, and false */
  heartbeat(heartbeat: Heartbeat, connection: number, nowMs: number): boolean {
    const entry = this.find(heartbeat);
    this.deadlineMs = Math.min(this.deadlineMs, nowMs + heartbeat.timeoutMs);
    if (entry === undefined) return this.add(heartbeat, connection, nowMs);
    const wasAlive = isAlive(entry, nowMs);
    entry.heartbeat = heartbeat;
    entry.lastMs = nowMs;
    // Connections are numbered as they open: what a hung older one still delivers does not make it the newest again.
    if (entry.lostMs !== undefined || connection > entry.connection) this.attach(entry, connection);
    entry.lostMs = undefined;
    return !wasAlive;
  }

  /** @returns the brokers whose newest connection this was */
  connectionClosed(connection: number, nowMs: number): BrokerKey[] {
    const entries = [...(this.byConnection.get(connection) ?? [])];
    this.byConnection.delete(connection);
    for (const entry of entries) entry.lostMs = nowMs;
    return entries.map(keyOf);
  }

  /**
   * Takes a broker for lost although its connection is open: another process of it has shown up.
   * @returns whether there was a live record
   */
  forget(key: BrokerKey, nowMs: number): boolean {
    const entry = this.find(key);
    if (entry === undefined || entry.lostMs !== undefined) return false;
    this.detach(entry);
    entry.lostMs = nowMs;
    return true;
  }

  /** @returns the brokers that were alive and whose last heartbeat is older than it was good for, with their connection */
  expire(nowMs: number): { readonly key: BrokerKey; readonly connection: number }[] {
    const expired: { key: BrokerKey; connection: number }[] = [];
    this.deadlineMs = Number.POSITIVE_INFINITY;
    for (const [brokerName, entries] of this.byName) {
      for (const entry of entries) {
        if (entry.lostMs !== undefined || isAlive(entry, nowMs)) continue;
        expired.push({ key: keyOf(entry), connection: entry.connection });
        this.detach(entry);
        entry.lostMs = nowMs;
      }
      const kept = entries.filter((entry) => this.endMs(entry) >= nowMs);
      this.count -= entries.length - kept.length;
      if (kept.length === 0) this.byName.delete(brokerName);
      else if (kept.length < entries.length) this.byName.set(brokerName, kept);
      for (const entry of kept) this.deadlineMs = Math.min(this.deadlineMs, this.endMs(entry));
    }
    return expired;
  }

  isAlive(key: BrokerKey, nowMs: number): boolean {
    const entry = this.find(key);
    return entry !== undefined && isAlive(entry, nowMs);
  }

  /** Whether another live broker still speaks through this connection. */
  isUsed(connection: number): boolean {
    return (this.byConnection.get(connection)?.size ?? 0) > 0;
  }

  /** All that is known about the brokers of one name, for a command. */
  view(brokerName: string, nowMs: number): LiveView {
    const alive: LiveBroker[] = [];
    const lost: { clusterName: string; brokerId: number }[] = [];
    for (const entry of this.byName.get(brokerName) ?? []) {
      const { clusterName, brokerId, epoch, maxOffset, electionPriority } = entry.heartbeat;
      if (isAlive(entry, nowMs)) alive.push({ clusterName, brokerId, epoch, maxOffset, electionPriority });
      else lost.push({ clusterName, brokerId });
    }
    return { alive, lost, listening: nowMs < this.listeningUntilMs };
  }

  /** The last heartbeat of everybody alive. */
  *living(nowMs: number): Generator<Heartbeat> {
    for (const entries of this.byName.values()) {
      for (const entry of entries) if (isAlive(entry, nowMs)) yield entry.heartbeat;
    }
  }

  private find({ clusterName, brokerName, brokerId }: BrokerKey): Entry | undefined {
    return this.byName
      .get(brokerName)
      ?.find(({ heartbeat }) => heartbeat.brokerId === brokerId && heartbeat.clusterName === clusterName);
  }

  private add(heartbeat: Heartbeat, connection: number, nowMs: number): boolean {
    const named = this.byName.get(heartbeat.brokerName);
    if (this.count >= this.limits.brokers || (named?.length ?? 0) >= this.limits.brokersOfOneName) return false;
    const entry: Entry = { heartbeat, lastMs: nowMs, connection, lostMs: undefined };
    if (named === undefined) this.byName.set(heartbeat.brokerName, [entry]);
    else named.push(entry);
    this.count += 1;
    this.attach(entry, connection);
    return true;
  }

  private attach(entry: Entry, connection: number): void {
    this.detach(entry);
    entry.connection = connection;
    const sharing = this.byConnection.get(connection);
    if (sharing === undefined) this.byConnection.set(connection, new Set([entry]));
    else sharing.add(entry);
  }

  /**
   * When the entry's present state ends. What a listening leader has lost it remembers until it has listened enough:
   * otherwise the dead would turn into the not yet heard.
   */
  private endMs({ heartbeat, lastMs, lostMs }: Entry): number {
    if (lostMs === undefined) return lastMs + heartbeat.timeoutMs;
    return Math.max(lostMs + heartbeat.timeoutMs, this.listeningUntilMs);
  }

  private detach(entry: Entry): void {
    const sharing = this.byConnection.get(entry.connection);
    sharing?.delete(entry);
    if (sharing?.size === 0) this.byConnection.delete(entry.connection);
  }
}

/** last + timeout = now is alive (controller.md 16.16). */
function isAlive({ heartbeat, lastMs, lostMs }: Entry, nowMs: number): boolean {
  return lostMs === undefined && lastMs + heartbeat.timeoutMs >= nowMs;
}

function keyOf({ heartbeat: { clusterName, brokerName, brokerId } }: Entry): BrokerKey {
  return { clusterName, brokerName, brokerId };
}
