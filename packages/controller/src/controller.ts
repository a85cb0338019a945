import {
  controllerConfig,
  controllerPeers,
  controllerStorePath,
  defaultsOf,
  remotingServerConfig,
  type ControllerPeers,
  type Peer,
} from '@batonmq/config';
import { textOf, type Host, type Lifecycle, type TlsClientOptions, type TlsServerOptions } from '@batonmq/host';
import {
  LevelStorage,
  RSocketTransport,
  RaftNode,
  looksLikeRSocket,
  type RaftStatus,
  type RaftStorage,
  type RaftTransport,
} from '@batonmq/raft';
import { RemotingClient, RemotingServer, ResponseCode } from '@batonmq/remoting';
import { leadsReady, type Consensus, type ConsensusStatus, type ReplicatedState } from './consensus';
import type { BrokerSet, BrokerSets } from './core/broker-set';
import type { Outcome } from './core/decision';
import type { Event } from './core/event';
import { ControllerStateMachine } from './core/state-machine';
import { AdminRequests } from './shell/admin-requests';
import { BrokerLiveness } from './shell/broker-liveness';
import { BrokerRequests } from './shell/broker-requests';
import { ControllerConfiguration, type ControllerSettings } from './shell/controller-configuration';
import { ControllerCounters } from './shell/counters';
import { Decider } from './shell/decider';
import { Failover } from './shell/failover';
import { RecentElections } from './shell/recent-elections';
import { READMIT_CONTROLLER, Readmission } from './shell/readmission';
import { RequestTable } from './shell/request-table';
import { RoleNotifier } from './shell/role-notifier';

export interface ControllerOptions {
  /** The whole consensus in place of the one composed from the configuration. */
  readonly raft?: (state: ReplicatedState) => Consensus;
  /** In place of LevelDB below controllerStorePath; the simulated world gives a memory twin. */
  readonly storage?: () => RaftStorage;
  /** With `storage`: whether nothing is stored yet. Default: never; then a lost disk is not noticed. */
  readonly isBlank?: () => boolean;
  /** In place of RSocket on the controller's own port. */
  readonly transport?: () => RaftTransport;
  /** Where a peer's Raft listens, when `transport` has a port of its own. */
  readonly raftAddressOf?: (peer: Peer) => string;
  /** All that the `-c` file has, which 1010 shows beside the known keys. */
  readonly properties?: ReadonlyMap<string, string>;
  readonly serverTls?: TlsServerOptions;
  readonly clientTls?: TlsClientOptions;
}

/** What an observer may want to know. */
export interface ControllerStatus extends ConsensusStatus {
  readonly selfId: string;
  readonly sets: BrokerSets;
  readonly liveBrokerCount: number;
}

/** No longer pause of the event loop than this ends an office; heartbeats come six times as often. */
const HEARTBEATS_PER_ELECTION_TIMEOUT = 6;

/**
 * One controller of a group: keeps who belongs to each broker set, who leads it in which epoch and which replicas are in
 * sync, replicated by Raft, and elects masters. Raft and RocketMQ's requests share its one port.
 */
export class Controller implements Lifecycle {
  readonly counters = new ControllerCounters();
  private readonly group: ControllerPeers;
  private readonly machine = new ControllerStateMachine();
  private readonly configuration: ControllerConfiguration;
  private readonly consensus: Consensus;
  private readonly liveness: BrokerLiveness;
  private readonly failover: Failover;
  private readonly server: RemotingServer;
  private readonly client: RemotingClient;
  private readonly notifier: RoleNotifier;
  private readonly recent: RecentElections;
  private rsocket: RSocketTransport | undefined;
  private readonly readmission: Readmission | undefined;
  private raft: RaftNode | undefined;
  private stopped = false;
  private unlisten: () => void = () => {};

  /**
   * @param given keys that are left out have RocketMQ's defaults
   * @throws ConfigError CONFIG_INVALID when the peers or the own id are missing or wrong
   */
  constructor(
    private readonly host: Host,
    given: Partial<ControllerSettings>,
    private readonly options: ControllerOptions = {},
  ) {
    const { machine } = host;
    const defaults = { ...defaultsOf(remotingServerConfig, machine), ...defaultsOf(controllerConfig, machine) };
    const config: ControllerSettings = { ...defaults, ...given };
    this.group = controllerPeers(config);
    this.configuration = new ControllerConfiguration(host, config, options.properties);
    this.consensus = options.raft?.(this.machine) ?? this.composeRaft(config);
    this.client = new RemotingClient(host, { tls: options.clientTls });
    this.notifier = new RoleNotifier(host, this.client);
    this.recent = new RecentElections(host);
    this.liveness = new BrokerLiveness(host, config.scanNotActiveBrokerInterval, {
      lost: (brokers) => this.failover.lost(brokers),
      appeared: (broker) => this.failover.appeared(broker),
    });
    if (this.raft !== undefined) this.readmission = this.composeReadmission(this.raft, config);
    const settings = (): ControllerSettings => this.configuration.current;
    this.failover = new Failover(host, this.machine, this.liveness, this.consensus, settings, this.countElection);
    this.server = this.composeServer(config);
    this.machine.onEvent((event, set) => {
      try {
        this.applied(event, set);
      } catch (error) {
        host.log.error({ event: event.kind, error: textOf(error) }, 'an accepted change was not acted upon');
      }
    });
  }

  /** The port in use for everything. */
  get port(): number {
    return this.server.port;
  }

  /** Resolves when requests are answered, before there is a leader. */
  async start(): Promise<void> {
    this.unlisten = this.consensus.onRoleChange((status) => this.roleChanged(status));
    const mustAsk = this.readmission?.isDue ?? false;
    if (!mustAsk) await this.consensus.start();
    try {
      await this.server.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.host.log.info({ id: this.group.selfId, port: this.port }, 'controller serves');
    if (mustAsk) void this.enterGroup();
    else this.readmission?.watchVote();
  }

  /** Without a store: into a group that begins, or back into one that goes on. */
  private async enterGroup(): Promise<void> {
    try {
      await this.readmission?.clear();
      if (this.stopped) return;
      await this.consensus.start();
      this.readmission?.watchVote();
    } catch (error) {
      this.host.log.error({ error: textOf(error) }, 'this controller cannot take part in its group');
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.readmission?.stop();
    this.unlisten();
    this.failover.stop();
    this.liveness.stop();
    await this.server.stop();
    await this.client.stop();
    await this.consensus.stop();
  }

  status(): ControllerStatus {
    let liveBrokerCount = 0;
    for (const _ of this.liveness.living()) liveBrokerCount += 1;
    const { role, term, leaderId, ready } = this.consensus.status();
    return { role, term, leaderId, ready, selfId: this.group.selfId, sets: this.machine.sets, liveBrokerCount };
  }

  /** Of the RaftNode below; undefined with a consensus of one's own. */
  raftStatus(): RaftStatus | undefined {
    return this.raft?.status();
  }

  private composeRaft(config: ControllerSettings): Consensus {
    const { group, selfId: id, peers } = this.group;
    const { storage, transport, clientTls, raftAddressOf } = this.options;
    const electionTimeoutMs = config.jRaftElectionTimeoutMs;
    const isOutside = (): boolean => this.readmission?.isOutside ?? false;
    return (this.raft = new RaftNode({
      host: this.host,
      id,
      group,
      peers: peers.map((peer) => ({ id: peer.id, address: raftAddressOf?.(peer) ?? peer.address })),
      // Known when Raft is started.
      get join() {
        return isOutside();
      },
      storage: storage?.() ?? new LevelStorage(this.storePath(config, id)),
      transport: transport?.() ?? (this.rsocket = new RSocketTransport(this.host, { tls: clientTls })),
      machine: this.machine,
      electionTimeoutMs,
      heartbeatMs: Math.min(150, electionTimeoutMs / HEARTBEATS_PER_ELECTION_TIMEOUT),
    }));
  }

  private composeReadmission(membership: RaftNode, config: ControllerSettings): Readmission {
    const { files } = this.host;
    const { storage, isBlank, raftAddressOf } = this.options;
    const path = this.storePath(config, this.group.selfId);
    return new Readmission(this.host, {
      group: this.group,
      membership,
      client: this.client,
      raftAddressOf: (peer) => raftAddressOf?.(peer) ?? peer.address,
      isBlank: isBlank ?? (() => storage === undefined && files.list(path).length === 0),
      notePath: `${path}.returning`,
    });
  }

  /** A directory per id: several controllers may be given the same controllerStorePath, as with DLedger. */
  private storePath(config: ControllerSettings, id: string): string {
    const root = controllerStorePath(config, this.host.machine.homeDir);
    const directory = `${root}/raft-${id.replace(/[^\w.-]/g, '_')}`;
    this.host.files.makeDirs(directory);
    return directory;
  }

  private composeServer(config: ControllerSettings): RemotingServer {
    const { rsocket } = this;
    const server = new RemotingServer(this.host, {
      host: config.bindAddress,
      port: this.group.self.port,
      idleMs: config.serverChannelMaxIdleTimeSeconds * 1000,
      ...(this.options.serverTls === undefined ? {} : { tls: this.options.serverTls }),
      ...(rsocket === undefined
        ? {}
        : {
            interceptor: {
              wants: (first) =>
                (({ rsocket: 'yes', other: 'no', 'need-more': 'need-more' }) as const)[looksLikeRSocket(first)],
              take: (connection) => rsocket.accept(connection),
            },
          }),
    });
    const { machine, liveness, consensus } = this;
    const decider = new Decider(machine, consensus);
    const table = new RequestTable(server, this.host.clock, this.counters);
    const unclean = (): boolean => this.configuration.current.enableElectUncleanMaster;
    new BrokerRequests(machine, liveness, decider, unclean, this.countElection).register(table);
    new AdminRequests(machine, liveness, decider, consensus, this.group, this.configuration).register(table);
    table.add(READMIT_CONTROLLER, 'CONTROLLER_READMIT', ({ extFields }) => {
      return this.readmission?.readmit(extFields) ?? { code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED };
    });
    server.onPeerClosed((peer) => liveness.peerClosed(peer));
    return server;
  }

  private roleChanged({ role, term, leaderId, ready }: ConsensusStatus): void {
    this.host.log.info({ role, term, leaderId, ready }, `Controller ${this.group.selfId} change role to ${role}`);
    this.failover.roleChanged();
    if (!leadsReady(this.consensus.status())) return;
    for (const brokerName of this.recent.take()) this.notify(this.machine.sets.get(brokerName));
  }

  /** What the group has accepted, in order, on every member. */
  private applied(event: Event, set: BrokerSet | undefined): void {
    if (event.kind === 'brokerDataCleaned') this.failover.examine(event.brokerName);
    if (set !== undefined) this.failover.changed(set);
    // The master counts on a member that it does not have any more.
    if (event.kind === 'tailLost' && leadsReady(this.consensus.status())) this.notify(set);
    if (event.kind !== 'masterElected' || event.masterBrokerId === undefined || set === undefined) return;
    if (leadsReady(this.consensus.status())) this.notify(set);
    else this.recent.add(set.brokerName);
  }

  /** To the addresses that the members registered, as far as they are alive. */
  private notify(set: BrokerSet | undefined): void {
    if (set?.masterBrokerId === undefined || !this.configuration.current.notifyBrokerRoleChanged) return;
    const { clusterName, brokerName } = set;
    const members = [...set.members.values()].filter(({ brokerId }) =>
      this.liveness.isAlive({ clusterName, brokerName, brokerId }),
    );
    this.notifier.notify(
      set,
      members.map(({ address }) => address),
    );
  }

  private readonly countElection = ({ code }: Outcome): void => {
    const { elections } = this.counters;
    if (code === ResponseCode.SUCCESS) elections.new_master_elected += 1;
    else if (code === ResponseCode.CONTROLLER_MASTER_STILL_EXIST) elections.keep_current_master += 1;
    else if (
      code === ResponseCode.CONTROLLER_MASTER_NOT_AVAILABLE ||
      code === ResponseCode.CONTROLLER_ELECT_MASTER_FAILED
    ) {
      elections.no_master_elected += 1;
    }
  };
}
