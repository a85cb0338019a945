import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AdminQueries } from './admin-queries';
import { eventually } from './deadline';
import { freePorts } from './free-ports';
import { javaClassPath } from './java-programs';
import { JavaServer } from './java-server';

const START_LIMIT_MS = 120_000;
const BROKER_NAME = 'broker-a';

/**
 * RocketMQ 5.4.0 as most of its users run it: a name server, a master and a slave by configuration, no controllers.
 * The stores lie where LocalCluster of package `batonmq` will look for those of its brokers.
 */
export class JavaPair {
  private readonly queries = new AdminQueries();

  private constructor(
    readonly namesrvAddress: string,
    private readonly namesrv: JavaServer,
    private readonly master: JavaServer,
    private readonly slave: JavaServer | undefined,
    private readonly masterAddress: string,
    private readonly slaveAddress: string,
  ) {}

  /** @param directory of the later cluster; the master's store is that of its first broker, the slave's of its second */
  static start(directory: string, properties: Record<string, string>): Promise<JavaPair> {
    return JavaPair.started(directory, properties, true);
  }

  /** The master only. */
  static single(directory: string, properties: Record<string, string>): Promise<JavaPair> {
    return JavaPair.started(directory, properties, false);
  }

  private static async started(
    directory: string,
    properties: Record<string, string>,
    withSlave: boolean,
  ): Promise<JavaPair> {
    const classPath = await javaClassPath('server-5.4.0');
    const namesrvPort = await freePorts();
    const namesrvAddress = `127.0.0.1:${namesrvPort}`;
    const [masterPort, slavePort] = [(await freePorts(4)) + 2, (await freePorts(4)) + 2];
    const broker = (name: string, port: number, own: Record<string, string>): JavaServer => {
      const store = join(directory, BROKER_NAME, String(Number(own['brokerId']) + 1), 'store');
      mkdirSync(store, { recursive: true });
      const common = {
        brokerClusterName: 'DefaultCluster',
        brokerName: BROKER_NAME,
        brokerIP1: '127.0.0.1',
        brokerIP2: '127.0.0.1',
        namesrvAddr: namesrvAddress,
        listenPort: String(port),
        haListenPort: String(port + 1),
        storePathRootDir: store,
        storePathCommitLog: join(store, 'commitlog'),
      };
      const home = join(directory, '..', `java-${name}`);
      return new JavaServer({
        name,
        kind: 'broker',
        classPath,
        directory: home,
        heap: '1g',
        properties: { ...common, ...own, ...properties },
      });
    };
    const namesrv = new JavaServer({
      name: 'Java name server',
      kind: 'namesrv',
      classPath,
      directory: join(directory, '..', 'java-namesrv'),
      properties: { listenPort: String(namesrvPort), bindAddress: '127.0.0.1' },
    });
    const brokerRole = withSlave ? 'SYNC_MASTER' : 'ASYNC_MASTER';
    const master = broker('master', masterPort, { brokerId: '0', brokerRole });
    const slave = withSlave ? broker('slave', slavePort, { brokerId: '1', brokerRole: 'SLAVE' }) : undefined;
    const pair = new JavaPair(
      namesrvAddress,
      namesrv,
      master,
      slave,
      `127.0.0.1:${masterPort}`,
      `127.0.0.1:${slavePort}`,
    );
    for (const server of pair.servers) server.start();
    try {
      await eventually(START_LIMIT_MS, 'a Java master and slave', async () => {
        const addresses = await pair.queries.brokerAddresses(namesrvAddress, BROKER_NAME);
        return Object.keys(addresses).length === (withSlave ? 2 : 1);
      });
    } catch (error) {
      await pair.kill();
      throw error;
    }
    return pair;
  }

  async createTopic(topic: string, queues: number): Promise<void> {
    await this.queries.createTopic(this.masterAddress, topic, queues);
    await eventually(30_000, `a route of ${topic}`, () => this.queries.hasRoute(this.namesrvAddress, topic));
  }

  /** Until the slave's log is as long as the master's. */
  async aligned(): Promise<void> {
    await eventually(60_000, 'aligned logs', async () => {
      const [master, slave] = [
        await this.queries.logEnd(this.masterAddress),
        await this.queries.logEnd(this.slaveAddress),
      ];
      return master === slave;
    });
  }

  async stopSlave(): Promise<void> {
    await this.slave?.stop();
  }

  private get servers(): JavaServer[] {
    return [this.master, this.slave, this.namesrv].filter((server) => server !== undefined);
  }

  /** Master first, so that nothing is written that the slave does not get. */
  async stop(): Promise<void> {
    await this.queries.stop();
    for (const server of this.servers) await server.stop();
  }

  async kill(): Promise<void> {
    await this.queries.stop();
    for (const server of this.servers) await server.kill('SIGKILL');
  }
}
