import { join, dirname } from 'node:path';
import { Admin, type ReplicaGroup } from '@batonmq/client';
import { nodeHost, silentLog, textOf } from '@batonmq/host';
import { ClusterError } from './errors';
import { freePorts } from './free-ports';
import { NodeProcess } from './node-process';

export interface LocalClusterOptions {
  /** Everything the cluster keeps. */
  readonly directory: string;
  /** Name servers, each with a controller. Default 3. */
  readonly nameServers?: number;
  /** Replicas of the one group. Default 3. */
  readonly brokers?: number;
  /** Added to, or instead of, what the cluster writes into the brokers' files. */
  readonly brokerProperties?: Readonly<Record<string, string>>;
  readonly namesrvProperties?: Readonly<Record<string, string>>;
}

export interface GroupState {
  readonly masterBrokerId: number | undefined;
  readonly masterAddress: string | undefined;
  readonly masterEpoch: number;
  readonly syncStateSet: readonly number[];
}

export const BROKER_NAME = 'broker-a';
const HOST = '127.0.0.1';
const UP_LIMIT_MS = 60_000;
const POLL_MS = 20;

const programOf = (name: string): string =>
  join(dirname(require.resolve(`@batonmq/${name}/package.json`)), 'dist', 'cli.js');

/**
 * A cluster of real processes on loopback: name servers with embedded controllers, and one replica group of brokers.
 * All of them end with this process, however it ends.
 */
export class LocalCluster {
  private nameServerNodes: NodeProcess[] = [];
  private brokerNodes: NodeProcess[] = [];
  private adminClient: Admin | undefined;
  private controllers = '';
  private stopping = false;

  constructor(private readonly options: LocalClusterOptions) {}

  /** `host:port;host:port`, for clients. */
  get namesrvAddress(): string {
    return this.nameServerNodes.map((node) => node.address).join(';');
  }

  /** `host:port;host:port`, for operators. */
  get controllerAddress(): string {
    return this.controllers;
  }

  get nodes(): readonly NodeProcess[] {
    return [...this.nameServerNodes, ...this.brokerNodes];
  }

  get admin(): Admin {
    if (this.adminClient === undefined) throw new ClusterError('NOT_RUNNING', 'the cluster is not started');
    return this.adminClient;
  }

  /** Resolves when a master is elected, every replica is in the SyncStateSet and every name server knows the master. */
  async start(): Promise<void> {
    await this.plan();
    this.adminClient = new Admin(nodeHost(silentLog), {
      nameServers: this.namesrvAddress,
      controllers: this.controllers,
    });
    try {
      await Promise.all(this.nodes.map((node) => node.start()));
      const full = this.options.brokers ?? 3;
      await this.until(
        'every replica is in the SyncStateSet',
        UP_LIMIT_MS,
        async () => (await this.groupState()).syncStateSet.length === full,
      );
      await this.until('the name servers know the master', UP_LIMIT_MS, () => this.masterIsRouted());
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  node(name: string): NodeProcess {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined)
      throw new ClusterError(
        'BAD_OPTION',
        `no node ${name}; there are ${this.nodes.map((node) => node.name).join(', ')}`,
      );
    return found;
  }

  kill(name: string, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT' = 'SIGKILL'): Promise<void> {
    return this.node(name).kill(signal);
  }

  restart(name: string): Promise<void> {
    return this.node(name).start();
  }

  /** As the active controller has it; empty while there is none. */
  async groupState(): Promise<GroupState> {
    const group = await this.replicaGroup();
    return {
      masterBrokerId: group?.masterBrokerId,
      masterAddress: group?.masterAddress,
      masterEpoch: group?.masterEpoch ?? 0,
      syncStateSet: (group?.inSync ?? []).map((replica) => replica.brokerId).sort((a, b) => a - b),
    };
  }

  replicaGroup(): Promise<ReplicaGroup | undefined> {
    return this.admin.replicaGroup(BROKER_NAME).catch(() => undefined);
  }

  /** @throws ClusterError TIMEOUT when there is no master for long */
  async masterNode(): Promise<NodeProcess> {
    let master: NodeProcess | undefined;
    await this.until('there is a master', UP_LIMIT_MS, async () => {
      const { masterAddress } = await this.groupState();
      master = this.brokerNodes.find((node) => node.running && node.address === masterAddress);
      return master !== undefined;
    });
    return master as NodeProcess;
  }

  /** Resolves when the topic is on the in-sync replicas and on every name server. */
  async createTopic(topic: string, queues: number): Promise<void> {
    await this.until(`topic ${topic} is created`, UP_LIMIT_MS, async () => {
      await this.admin.createTopic((await this.masterNode()).address, topic, queues);
      return true;
    });
    await this.until(`the name servers know the topic ${topic}`, UP_LIMIT_MS, async () => {
      const known = await Promise.all(this.nameServerNodes.map((node) => this.admin.hasRoute(node.address, topic)));
      return !known.includes(false);
    });
  }

  /** Stops all in order: brokers first, so that they can say goodbye. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.adminClient?.stop();
    await Promise.all(this.brokerNodes.map((node) => node.stop()));
    await Promise.all(this.nameServerNodes.map((node) => node.stop()));
  }

  /** @throws ClusterError TIMEOUT, NOT_RUNNING when the cluster is stopped meanwhile */
  async until(what: string, limitMs: number, condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + limitMs;
    let problem = '';
    while (!this.stopping) {
      try {
        if (await condition()) return;
      } catch (error) {
        problem = `: ${textOf(error)}`;
      }
      if (performance.now() > deadline)
        throw new ClusterError('TIMEOUT', `not within ${limitMs} ms: ${what}${problem}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new ClusterError('NOT_RUNNING', `the cluster was stopped before ${what}`);
  }

  private async masterIsRouted(): Promise<boolean> {
    const { masterAddress } = await this.groupState();
    const { brokers } = await this.admin.clusterInfo();
    const members = brokers.get(BROKER_NAME);
    return masterAddress !== undefined && members?.get(0) === masterAddress && members.size === this.brokerNodes.length;
  }

  private async plan(): Promise<void> {
    const { directory, nameServers = 3, brokers = 3, brokerProperties = {}, namesrvProperties = {} } = this.options;
    const ports = await freePorts(nameServers * 2);
    const peers = ports.slice(nameServers).map((port, index) => `n${index}-${HOST}:${port}`);
    this.controllers = ports
      .slice(nameServers)
      .map((port) => `${HOST}:${port}`)
      .join(';');
    this.nameServerNodes = ports.slice(0, nameServers).map((port, index) => {
      const home = join(directory, `namesrv-${index}`);
      return new NodeProcess({
        name: `namesrv-${index}`,
        kind: 'namesrv',
        address: `${HOST}:${port}`,
        directory: home,
        program: programOf('mqnamesrv'),
        properties: {
          listenPort: String(port),
          bindAddress: HOST,
          kvConfigPath: join(home, 'kvConfig.json'),
          enableControllerInNamesrv: 'true',
          controllerDLegerGroup: 'group1',
          controllerDLegerPeers: peers.join(';'),
          controllerDLegerSelfId: `n${index}`,
          controllerStorePath: join(home, 'controller'),
          enableElectUncleanMaster: 'false',
          notifyBrokerRoleChanged: 'true',
          ...namesrvProperties,
        },
      });
    });
    const listenPorts = await freePorts(brokers, [-2, 0, 1]);
    this.brokerNodes = listenPorts.map((port, index) => {
      const home = join(directory, BROKER_NAME, String(index + 1));
      return new NodeProcess({
        name: `${BROKER_NAME}/${index + 1}`,
        kind: 'broker',
        address: `${HOST}:${port}`,
        directory: home,
        program: programOf('mqbroker'),
        properties: {
          brokerClusterName: 'DefaultCluster',
          brokerName: BROKER_NAME,
          brokerId: '-1',
          brokerRole: 'SLAVE',
          enableControllerMode: 'true',
          controllerAddr: this.controllers,
          namesrvAddr: this.namesrvAddress,
          allAckInSyncStateSet: 'true',
          listenPort: String(port),
          bindAddress: HOST,
          brokerIP1: HOST,
          brokerIP2: HOST,
          storePathRootDir: join(home, 'store'),
          ...brokerProperties,
        },
      });
    });
  }
}
