import { join } from 'node:path';
import { AdminQueries } from './admin-queries';
import { eventually } from './deadline';
import { freePorts } from './free-ports';
import { javaClassPath } from './java-programs';
import { JavaServer } from './java-server';

const START_LIMIT_MS = 90_000;

/** A Java name server and a Java broker, master by configuration and without controllers, on a store directory that already exists. */
export class JavaBrokerOnStore {
  private constructor(
    readonly namesrvAddress: string,
    private readonly servers: readonly JavaServer[],
    /** End of its commit log when it was opened. */
    readonly logEnd: number,
  ) {}

  /** @param properties of the broker; file sizes must be those with which the store was written: Java refuses to load others */
  static async open(store: string, directory: string, properties: Record<string, string>): Promise<JavaBrokerOnStore> {
    const classPath = await javaClassPath('server-5.4.0');
    const namesrvPort = await freePorts();
    const port = (await freePorts(4)) + 2;
    const namesrvAddress = `127.0.0.1:${namesrvPort}`;
    const namesrv = new JavaServer({
      name: 'Java name server',
      kind: 'namesrv',
      classPath,
      directory: join(directory, 'java-namesrv'),
      properties: { listenPort: String(namesrvPort), bindAddress: '127.0.0.1' },
    });
    const broker = new JavaServer({
      name: 'Java broker',
      kind: 'broker',
      classPath,
      directory: join(directory, 'java-broker'),
      properties: {
        brokerClusterName: 'DefaultCluster',
        brokerName: 'broker-a',
        brokerId: '0',
        brokerRole: 'ASYNC_MASTER',
        brokerIP1: '127.0.0.1',
        namesrvAddr: namesrvAddress,
        listenPort: String(port),
        haListenPort: String(port + 1),
        storePathRootDir: store,
        storePathCommitLog: join(store, 'commitlog'),
        // after a kill Java drops the index file that was being written; only this makes it index those messages again
        messageIndexSafe: 'true',
        ...properties,
      },
      heap: '1g',
    });
    const servers = [namesrv, broker];
    const queries = new AdminQueries();
    const address = `127.0.0.1:${port}`;
    try {
      namesrv.start();
      broker.start();
      await eventually(START_LIMIT_MS, `a Java broker on ${store}`, async () => {
        if (!broker.running) return 'ended';
        return (await queries.brokerAddresses(namesrvAddress, 'broker-a'))['0'];
      });
      if (!broker.running) throw new Error(`the Java broker ended on ${store}:\n${broker.lastWords()}`);
      // A slave's queues may end where it knew the log to be confirmed.
      await eventually(START_LIMIT_MS, 'its queues know all of the log', async () => {
        return (await queries.dispatchBehind(address)) === 0;
      });
      return new JavaBrokerOnStore(namesrvAddress, servers, await queries.logEnd(address));
    } catch (error) {
      for (const server of servers) await server.stop();
      throw error;
    } finally {
      await queries.stop();
    }
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.stop();
  }

  /** Ends both at once: a clean stop takes ten seconds, for nothing when the store is not opened again. */
  async kill(): Promise<void> {
    for (const server of this.servers) await server.kill('SIGKILL');
  }
}
