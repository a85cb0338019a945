import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import { RemotingClient, RequestCode, ResponseCode } from '@batonmq/remoting';
import { AdminQueries } from '../harness/admin-queries';
import { javaProgram } from '../harness/client-programs';
import { brokersOf, masterOf, type Cluster } from '../harness/cluster';
import { eventually } from '../harness/deadline';
import { reportFigures } from '../harness/figures';
import { JavaBrokerOnStore } from '../harness/java-standalone';
import type { ProgramEvent } from '../harness/line-program';
import { openCluster } from '../harness/open-cluster';
import { removeTemporaryDirectory, temporaryDirectory } from '../harness/paths';
import { copyStore } from '../harness/store-copy';
import { interopSuite } from './interop-suite';

const SETUP_LIMIT_MS = 600_000;
const READ_LIMIT_MS = 240_000;

/** Small files, so that there are several of each kind; Java must be told the same sizes. */
const SIZES = { mappedFileSizeCommitLog: String(1 << 20), maxHashSlotNum: '100000', maxIndexNum: '400000' };

interface Load {
  readonly topic: string;
  readonly queues: number;
  readonly count: number;
  readonly bodyBytes: number;
  readonly tags: number;
}

const LOADS: readonly Load[] = [
  { topic: 'store-orders', queues: 4, count: 3000, bodyBytes: 1024, tags: 3 },
  { topic: 'store-events', queues: 1, count: 2000, bodyBytes: 100, tags: 1 },
  { topic: 'store-bulk', queues: 2, count: 600, bodyBytes: 24_000, tags: 7 },
];
/** As many again are sent to the second master, after the first was killed. */
const AFTER_FAILOVER = 1000;
const ASKED_NUMBERS = [0, 1, 599, 1042];

interopSuite('the Java broker 5.4.0 opens a store of ours', ['jdk', 'maven'], () => {
  let directory: string;
  let cluster: Cluster;
  let start: Awaited<ReturnType<typeof javaProgram>>;
  let killedStore: string;
  let stoppedStore: string;

  const send = async (load: Load, first: number, count: number): Promise<void> => {
    const { topic, bodyBytes, tags } = load;
    const namesrv = cluster.namesrvAddress;
    const producer = start('Producer', {
      namesrv,
      topic,
      group: `${topic}-p`,
      first,
      count,
      bodyBytes,
      tags,
      rate: 3000,
    });
    try {
      expect(await producer.first('done', 120_000)).toMatchObject({ acked: count, gaveUp: 0 });
      await producer.stop();
    } finally {
      producer.kill();
    }
  };

  beforeAll(async () => {
    directory = await temporaryDirectory('store');
    const home = join(directory, 'client');
    mkdirSync(home);
    start = await javaProgram('client-5.4.0', home);
    cluster = await openCluster({ directory: join(directory, 'cluster'), brokerProperties: SIZES });
    for (const load of LOADS) await cluster.createTopic(load.topic, load.queues);
    for (const load of LOADS) await send(load, 0, load.count);

    const first = await masterOf(cluster);
    await cluster.kill(first.name, 'SIGKILL');
    killedStore = await copyStore(first.directory, join(directory, 'killed-store'));
    await eventually(60_000, 'another master', async () => (await masterOf(cluster)).name !== first.name);
    const [orders] = LOADS;
    if (orders !== undefined) await send(orders, orders.count, AFTER_FAILOVER);

    const second = await masterOf(cluster);
    for (const broker of brokersOf(cluster)) {
      if (broker.running && broker.name !== second.name) await cluster.kill(broker.name, 'SIGTERM');
    }
    await cluster.kill(second.name, 'SIGTERM');
    await eventually(30_000, 'end of all brokers', () => brokersOf(cluster).every((broker) => !broker.running));
    stoppedStore = await copyStore(second.directory, join(directory, 'stopped-store'));
  }, SETUP_LIMIT_MS);

  afterAll(async () => {
    await cluster?.stop();
    await removeTemporaryDirectory(directory);
  }, 60_000);

  /** What a broker of ours asks for to repair its log: Java's answers with the bytes that are there. */
  const expectRecordsByPlace = async (store: string, namesrv: string): Promise<void> => {
    const names = readdirSync(join(store, 'commitlog')).sort();
    const start = Number(names[0]);
    const bytes = readFileSync(join(store, 'commitlog', names[0] as string));
    const queries = new AdminQueries();
    const client = new RemotingClient(nodeHost(silentLog));
    try {
      const broker = (await queries.brokerAddresses(namesrv, 'broker-a'))['0'] as string;
      for (let at = 0, count = 0; count < 20; count++, at += bytes.readInt32BE(at)) {
        const header = { offset: String(start + at) };
        const { code, body } = await client.invoke(broker, { code: RequestCode.VIEW_MESSAGE_BY_ID, header }, 5000);
        expect(code).toBe(ResponseCode.SUCCESS);
        expect(body?.equals(bytes.subarray(at, at + bytes.readInt32BE(at)))).toBe(true);
      }
    } finally {
      await queries.stop();
      await client.stop();
    }
  };

  const readThrough = async (store: string): Promise<ProgramEvent[]> => {
    const java = await JavaBrokerOnStore.open(store, `${store}-java`, SIZES);
    const events: ProgramEvent[] = [];
    try {
      await expectRecordsByPlace(store, java.namesrvAddress);
      const topics = LOADS.map((load) => load.topic).join(',');
      const keys = ASKED_NUMBERS.map((n) => `key-${n}`).join(',');
      const args = { namesrv: java.namesrvAddress, group: 'store-reader', topics, keys };
      const reader = start('StoreReader', args, (event) => events.push(event));
      try {
        await reader.first('done', 120_000);
        await reader.stop();
      } finally {
        reader.kill();
      }
    } finally {
      await java.stop();
    }
    return events;
  };

  const expectLoad = (events: readonly ProgramEvent[], load: Load, count: number): void => {
    const messages = events.filter(({ event, topic }) => event === 'message' && topic === load.topic);
    const numbers = new Set(messages.map(({ n }) => Number(n)));
    expect(numbers.size).toBe(count);
    const wrong = messages.filter((message) => {
      const n = Number(message['n']);
      const asSent = { bytes: load.bodyBytes, tags: `tag-${n % load.tags}`, keys: `key-${n}` };
      return n < 0 || n >= count || Object.entries(asSent).some(([field, value]) => message[field] !== value);
    });
    expect(wrong).toEqual([]);

    const queues = events.filter(({ event, topic }) => event === 'queue' && topic === load.topic);
    expect(queues.length).toBe(load.queues);
    for (const { min, max, read } of queues) expect({ min, read }).toEqual({ min: 0, read: max });

    for (const asked of ASKED_NUMBERS.filter((n) => n < count)) {
      const found = events.filter(
        ({ event, topic, key }) => event === 'found' && topic === load.topic && key === `key-${asked}`,
      );
      expect(new Set(found.map(({ n }) => n))).toEqual(new Set([asked]));
    }
  };

  it(
    'as a killed master left it',
    async () => {
      const events = await readThrough(killedStore);
      for (const load of LOADS) expectLoad(events, load, load.count);
      reportFigures('java-opens-our-store', { store: 'killed', events: events.length });
    },
    READ_LIMIT_MS,
  );

  it(
    'as its successor left it after a clean stop',
    async () => {
      const events = await readThrough(stoppedStore);
      for (const load of LOADS)
        expectLoad(events, load, load.topic === 'store-orders' ? load.count + AFTER_FAILOVER : load.count);
      reportFigures('java-opens-our-store', { store: 'stopped', events: events.length });
    },
    READ_LIMIT_MS,
  );
});
