import { textOf, type Cancel, type Host, type Lifecycle } from '@batonmq/host';
import { RemotingClient, RemotingServer, RequestCode, type Peer } from '@batonmq/remoting';
import { handleBrokerRequests } from './broker-requests';
import type { RegisteredBroker } from './broker-group';
import { KvConfig } from './kv-config';
import { handleOperatorRequests } from './operator-requests';
import { handleQueryRequests } from './query-requests';
import { RouteCache } from './route-cache';
import { RouteTable, type MinBrokerIdChange } from './route-table';
import { RuntimeConfig, type NameServerConfig } from './runtime-config';

type NameServerHost = Pick<
  Host,
  'clock' | 'timers' | 'files' | 'network' | 'checksums' | 'compression' | 'machine' | 'log'
>;

/**
 * A RocketMQ name server: brokers register with it, clients ask it which brokers have a topic. Name servers know nothing
 * of each other, and all but the KV configuration is in memory and comes from the brokers.
 * @source NamesrvController; namesrv.md
 */
export class NameServer implements Lifecycle {
  private readonly config: RuntimeConfig;
  private readonly kv: KvConfig;
  private readonly cache = new RouteCache();
  private readonly table: RouteTable;
  private readonly server: RemotingServer;
  /** For 905 only. */
  private client: RemotingClient | undefined;
  private startedMs = 0;
  private running = false;
  private cancelScan: Cancel = () => {};

  /** @param config keys that are not given have their defaults */
  constructor(
    private readonly host: NameServerHost,
    config: Partial<NameServerConfig> = {},
  ) {
    this.config = new RuntimeConfig(host, config);
    const { bindAddress, listenPort, kvConfigPath, serverChannelMaxIdleTimeSeconds } = this.config.values;
    this.kv = new KvConfig(host.files, kvConfigPath);
    this.table = new RouteTable({
      topicChanged: (topic) => this.cache.drop(topic),
      minBrokerIdChanged: (change) => this.notifyMinBrokerId(change),
    });
    this.server = new RemotingServer(host, {
      host: bindAddress,
      port: listenPort,
      idleMs: serverChannelMaxIdleTimeSeconds * 1000,
    });
    const { kv, cache, table } = this;
    const parts = { host, kv, cache, table, config: this.config, startedMs: () => this.startedMs };
    handleBrokerRequests(this.server.router, parts);
    handleQueryRequests(this.server.router, parts);
    handleOperatorRequests(this.server.router, parts);
    this.server.onPeerClosed((peer) => this.connectionLost(peer));
  }

  /** The port in use; the configured one before `start`. */
  get port(): number {
    return this.server.port;
  }

  /** @throws NamesrvError KV_CONFIG_UNREADABLE; HostError ADDRESS_IN_USE, NETWORK */
  async start(): Promise<void> {
    this.kv.load();
    this.startedMs = this.host.clock.monotonicMs();
    await this.server.start();
    this.running = true;
    this.cancelScan = this.host.timers.every(this.config.values.scanNotActiveBrokerInterval, () => this.scan());
    const { needWaitForService, waitSecondsForService } = this.config.values;
    this.host.log.info({ port: this.port, needWaitForService, waitSecondsForService }, 'name server serves');
  }

  async stop(): Promise<void> {
    this.running = false;
    this.cancelScan();
    await this.server.stop();
    await this.client?.stop();
    this.client = undefined;
  }

  /** A broker process that dies is out of the routes as soon as its connection is. */
  private connectionLost(peer: Peer): void {
    if (this.running) this.report(this.table.connectionLost(peer.id), 'broker left: its connection is closed');
  }

  private scan(): void {
    const silent = this.table.expire(this.host.clock.monotonicMs());
    this.report(silent, 'broker left: silent for too long');
    for (const { connection } of silent) {
      // It may carry other brokers that were heard.
      if (!this.table.hasBrokerOn(connection)) this.server.peer(connection)?.close();
    }
  }

  private report(gone: readonly RegisteredBroker[], why: string): void {
    for (const { clusterName, group, brokerId, address } of gone) {
      this.host.log.warn({ clusterName, brokerName: group.name, brokerId, brokerAddr: address }, why);
    }
  }

  private notifyMinBrokerId(change: MinBrokerIdChange): void {
    if (!this.config.values.notifyMinBrokerIdChanged) return;
    const { receivers, brokerName, minBrokerId, minBrokerAddr, haBrokerAddr, offlineBrokerAddr } = change;
    const header = {
      brokerName,
      minBrokerId: String(minBrokerId),
      minBrokerAddr,
      haBrokerAddr,
      offlineBrokerAddr,
    };
    this.client ??= new RemotingClient(this.host, { connectTimeoutMs: 300 });
    for (const address of receivers) {
      this.client.oneway(address, { code: RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, header }).catch((error: unknown) => {
        this.host.log.warn({ address, brokerName, error: textOf(error) }, 'broker not told of its new smallest id');
      });
    }
  }
}
