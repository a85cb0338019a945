import { join } from 'node:path';
import { AdminQueries } from './admin-queries';
import type { Cluster, ClusterNode, ClusterOptions, GroupState } from './cluster';
import { eventually } from './deadline';
import { freePorts } from './free-ports';
import { javaClassPath } from './java-programs';
import { JavaServer } from './java-server';

const SIZE = 3;
const BROKER_NAME = 'broker-a';
const START_LIMIT_MS = 180_000;

class JavaNode implements ClusterNode {
  constructor(
    readonly name: string,
    readonly kind: 'namesrv' | 'broker',
    readonly address: string,
    readonly directory: string,
    readonly server: JavaServer,
  ) {}

  get pid(): number | undefined {
    return this.server.pid;
  }

  get running(): boolean {
    return this.server.running;
  }
}

/**
 * RocketMQ's own processes in controller mode: three name servers with embedded controllers and a replica group of three brokers.
 * The suites run on it too (BATONMQ_E2E_CLUSTER=java): that shows that they test what they say, and gives the figures to compare with.
 */
export class JavaCluster implements Cluster {
  private members: JavaNode[] = [];
  private controllers: string[] = [];
  private readonly queries = new AdminQueries();

  constructor(private readonly options: ClusterOptions) {}

  get nodes(): readonly ClusterNode[] {
    return this.members;
  }

  get namesrvAddress(): string {
    return this.members
      .filter((node) => node.kind === 'namesrv')
      .map((node) => node.address)
      .join(';');
  }

  async start(): Promise<void> {
    const classPath = await javaClassPath('server-5.4.0');
    const ports: { namesrv: number; controller: number }[] = [];
    for (let i = 0; i < SIZE; i++) ports.push({ namesrv: await freePorts(), controller: await freePorts() });
    this.controllers = ports.map(({ controller }) => `127.0.0.1:${controller}`);
    const peers = ports.map(({ controller }, i) => `n${i}-127.0.0.1:${controller}`).join(';');
    this.members = ports.map(({ namesrv }, i) => this.nameServer(i, namesrv, peers, classPath));
    for (let i = 0; i < SIZE; i++) this.members.push(await this.broker(i, classPath));
    for (const member of this.members) member.server.start();
    await eventually(START_LIMIT_MS, 'a full SyncStateSet and a registered master', () => this.isComplete(), 200);
  }

  async kill(name: string, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' = 'SIGKILL'): Promise<void> {
    await this.member(name).server.kill(signal);
  }

  async restart(name: string): Promise<void> {
    this.member(name).server.start();
  }

  groupState(): Promise<GroupState> {
    return this.queries.groupState(this.controllers, BROKER_NAME);
  }

  async createTopic(topic: string, queues: number): Promise<void> {
    for (const node of this.members) {
      // each broker keeps its own list, and a slave copies the master's only every few seconds
      if (node.kind === 'broker') await this.queries.createTopic(node.address, topic, queues);
    }
    await eventually(15_000, `a route of ${topic}`, () =>
      this.everyNameServer((address) => this.queries.hasRoute(address, topic)),
    );
  }

  async stop(): Promise<void> {
    await this.queries.stop();
    await Promise.all(this.members.map((member) => member.server.kill('SIGKILL')));
  }

  private async isComplete(): Promise<boolean> {
    const { syncStateSet, masterAddress } = await this.groupState();
    if (syncStateSet.length !== SIZE || masterAddress === undefined) return false;
    return this.everyNameServer(async (address) => {
      const addresses = await this.queries.brokerAddresses(address, BROKER_NAME);
      return addresses['0'] === masterAddress && Object.keys(addresses).length === SIZE;
    });
  }

  private async everyNameServer(holds: (address: string) => Promise<boolean>): Promise<boolean> {
    const answers = await Promise.all(this.namesrvAddress.split(';').map(holds));
    return answers.every(Boolean);
  }

  private nameServer(index: number, port: number, peers: string, classPath: string): JavaNode {
    const name = `namesrv-${index}`;
    const directory = join(this.options.directory, name);
    const properties = {
      listenPort: String(port),
      bindAddress: '127.0.0.1',
      enableControllerInNamesrv: 'true',
      controllerDLegerGroup: 'group1',
      controllerDLegerPeers: peers,
      controllerDLegerSelfId: `n${index}`,
      controllerStorePath: join(directory, 'controller'),
      enableElectUncleanMaster: 'false',
      notifyBrokerRoleChanged: 'true',
    };
    const server = new JavaServer({ name, kind: 'namesrv', classPath, directory, properties });
    return new JavaNode(name, 'namesrv', `127.0.0.1:${port}`, directory, server);
  }

  private async broker(index: number, classPath: string): Promise<JavaNode> {
    const name = `broker-${index}`;
    const directory = join(this.options.directory, name);
    const fast = await freePorts(4); // listenPort - 2; then a free one, listenPort and the HA port
    const port = fast + 2;
    const properties = {
      brokerClusterName: 'DefaultCluster',
      brokerName: BROKER_NAME,
      brokerId: '-1',
      brokerRole: 'SLAVE',
      brokerIP1: '127.0.0.1',
      brokerIP2: '127.0.0.1',
      enableControllerMode: 'true',
      controllerAddr: this.controllers.join(';'),
      namesrvAddr: this.namesrvAddress,
      allAckInSyncStateSet: 'true',
      listenPort: String(port),
      haListenPort: String(port + 1),
      storePathRootDir: join(directory, 'store'),
      mappedFileSizeCommitLog: String(64 << 20),
      ...this.options.brokerProperties,
    };
    const server = new JavaServer({ name, kind: 'broker', classPath, directory, properties, heap: '1g' });
    return new JavaNode(name, 'broker', `127.0.0.1:${port}`, directory, server);
  }

  private member(name: string): JavaNode {
    const member = this.members.find((node) => node.name === name);
    if (member === undefined) throw new Error(`the cluster has no ${name}`);
    return member;
  }
}
