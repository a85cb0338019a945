import type { Cancel, Host, Lifecycle, Listener } from '@batonmq/host';
import type { EpochFile } from '../epochs/epoch-file';
import { HaError } from '../errors';
import type { HaOptions } from '../options';
import type { ReplicaLog } from '../replica-log';
import { SlaveLink, type LinkContext } from './slave-link';

/** Who is told about slaves; `SyncStateSet` behind a shell. */
export interface SlaveWatcher {
  connected(slaveId: number, link: number, learner: boolean, told: number): void;
  sent(slaveId: number, link: number, sent: number): void;
  reported(slaveId: number, link: number, offset: number): boolean;
  closed(slaveId: number, link: number): void;
}

export interface HaServerOptions extends Pick<
  HaOptions,
  'haListenPort' | 'haTransferBatchSize' | 'haSendHeartbeatInterval' | 'haHousekeepingInterval'
> {
  /** Connections at a time; more are closed. */
  readonly maxLinks?: number;
}

/** How soon slaves without traffic learn a new confirm offset. */
const NEWS_DELAY_MS = 20;

/** Listens on the HA port. Serves slaves while this broker is master; everybody else is closed at once. */
export class HaServer implements Lifecycle {
  private readonly links = new Set<SlaveLink>();
  private readonly context: LinkContext;
  private listener: Listener | undefined;
  private serving = false;
  private nextLinkId = 1;
  private writtenEnd = 0;
  private resumedAt = Infinity;
  /** Slaves that have cut their logs to `resumedAt` since. */
  private readonly resumed = new Set<number>();
  private cancelSweep: Cancel = () => {};
  private newsPending = false;

  constructor(
    private readonly host: Pick<Host, 'network' | 'clock' | 'timers' | 'log'>,
    private readonly options: HaServerOptions,
    private readonly log: ReplicaLog,
    private readonly epochs: EpochFile,
    private readonly watcher: SlaveWatcher,
  ) {
    this.context = this.makeContext();
  }

  /** The port in use. */
  get port(): number {
    return this.listener?.port ?? this.options.haListenPort;
  }

  get slaves(): Iterable<SlaveLink> {
    return this.links;
  }

  async start(): Promise<void> {
    this.listener = await this.host.network.listen({ port: this.options.haListenPort }, (connection) => {
      if (!this.serving || this.links.size >= (this.options.maxLinks ?? 100)) {
        connection.destroy();
        return;
      }
      const link = new SlaveLink(this.nextLinkId++, connection, this.context);
      this.links.add(link);
      link.open();
    });
    const { haHousekeepingInterval, haSendHeartbeatInterval } = this.options;
    const period = Math.max(10, Math.min(haHousekeepingInterval, haSendHeartbeatInterval) / 4);
    this.cancelSweep = this.host.timers.every(period, () => this.sweep());
  }

  async stop(): Promise<void> {
    this.cancelSweep();
    this.retire();
    await this.listener?.close();
  }

  /**
   * Begins to serve.
   * @param resumedAt given when an epoch goes on after a restart of its master: where its log ended then. What slaves
   *   have above that, this master lost, and will write again: at their first handshake they are told that end.
   */
  serve(written: number, resumedAt: number | undefined): void {
    this.serving = true;
    this.writtenEnd = written;
    this.resumedAt = resumedAt ?? Infinity;
    this.resumed.clear();
  }

  /** Stops serving; all connections close. */
  retire(): void {
    this.serving = false;
    for (const link of [...this.links]) link.close();
  }

  /** The log grew and is written: the bytes leave in this turn. */
  appended(written: number): void {
    if (!this.serving) return;
    this.writtenEnd = written;
    for (const link of this.links) link.pump();
  }

  /** Confirm offset or epoch changed: slaves that get no data hear of it soon. */
  news(): void {
    if (this.newsPending || !this.serving || this.links.size === 0) return;
    this.newsPending = true;
    this.host.timers.after(NEWS_DELAY_MS, () => {
      this.newsPending = false;
      if (this.serving) for (const link of this.links) link.tellNews();
    });
  }

  private sweep(): void {
    const now = this.host.clock.monotonicMs();
    for (const link of [...this.links]) {
      const silentMs = now - link.lastReadMs;
      if (silentMs > this.options.haHousekeepingInterval) {
        link.close(
          new HaError('HA_PROTOCOL', `nothing heard from slave ${link.slaveId} for ${Math.round(silentMs)} ms`),
        );
      } else if (now - link.lastWriteMs > this.options.haSendHeartbeatInterval / 2) {
        link.heartbeat();
      }
    }
  }

  private makeContext(): LinkContext {
    const { host, log, options, watcher } = this;
    return {
      host,
      log,
      batchBytes: Math.max(1, options.haTransferBatchSize),
      epochs: () => this.epochs.entries,
      written: () => this.writtenEnd,
      confirmOffset: () => log.confirmOffset(),
      toldMaxOffset: (id) => (this.resumed.has(id) ? this.writtenEnd : Math.min(this.writtenEnd, this.resumedAt)),
      connected: (link) => watcher.connected(link.slaveId, link.id, link.learner, link.told),
      sent: (link, sent) => watcher.sent(link.slaveId, link.id, sent),
      reported: (link, offset) => {
        if (!watcher.reported(link.slaveId, link.id, offset)) return false;
        this.resumed.add(link.slaveId);
        return true;
      },
      closed: (link) => {
        this.links.delete(link);
        if (link.slaveId > 0) watcher.closed(link.slaveId, link.id);
      },
      later: (link) => host.timers.endOfTurn(() => link.pump()),
    };
  }
}
