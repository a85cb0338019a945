import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import { RemotingClient, RequestCode, brokerHeaders } from '@batonmq/remoting';
import { brokersOf, masterOf, type Cluster } from '../harness/cluster';
import { eventually } from '../harness/deadline';
import { JavaBrokerOnStore } from '../harness/java-standalone';
import { javaClientCluster, type JavaClientCluster } from '../harness/java-client-cluster';
import type { ProgramEvent } from '../harness/line-program';
import { copyStore } from '../harness/store-copy';
import { interopSuite } from './interop-suite';

const SIZES = { mappedFileSizeCommitLog: String(1 << 20), maxHashSlotNum: '100000', maxIndexNum: '400000' };
const TOPIC = 'batches';
const BATCHES = 40;
const SIZE = 25;
const COUNT = BATCHES * SIZE;

interopSuite('batch queues, by the Java client 5.4.0', ['jdk', 'maven'], () => {
  let all: JavaClientCluster;
  let directory: string;
  let cluster: Cluster;
  let start: JavaClientCluster['start'];

  beforeAll(async () => {
    all = await javaClientCluster('batches', SIZES);
    ({ directory, cluster, start } = all);
    const client = new RemotingClient(nodeHost(silentLog));
    const header = brokerHeaders.CreateTopicRequest.encode({
      topic: TOPIC,
      defaultTopic: 'TBW102',
      readQueueNums: 1,
      writeQueueNums: 1,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
      attributes: '+queue.type=BatchCQ',
    });
    const { address } = await masterOf(cluster);
    const made = await client.invoke(address, { code: RequestCode.UPDATE_AND_CREATE_TOPIC, header }, 10_000);
    await client.stop();
    expect(made.code).toBe(0);
  }, 600_000);

  afterAll(() => all?.stop(), 60_000);

  /** Sends, consumes everything there is, and returns what the program told. */
  async function consume(namesrv: string, group: string, batches: number): Promise<ProgramEvent[]> {
    const events: ProgramEvent[] = [];
    const args = { namesrv, topic: TOPIC, group, batches, size: SIZE };
    const program = start('BatchMessages', args, (event) => events.push(event));
    try {
      await program.first('ready', 60_000);
      const delivered = (): ProgramEvent[] => events.filter(({ event }) => event === 'delivered');
      await eventually(60_000, 'all messages', () => new Set(delivered().map(({ n }) => n)).size === COUNT);
      expect(delivered().filter(({ n, offset, key }) => offset !== n || key !== `key-${n}`)).toEqual([]);
      await program.stop();
    } finally {
      program.kill();
    }
    return events;
  }

  it('are taken apart by the consumer, from the master and from its successor', async () => {
    const events = await consume(cluster.namesrvAddress, 'first', BATCHES);
    const sent = events.filter(({ event }) => event === 'sent');
    expect(sent.map(({ status, offset }) => [status, offset])).toEqual(
      Array.from({ length: BATCHES }, (_, batch) => ['SEND_OK', batch * SIZE]),
    );
    const master = (await masterOf(cluster)).name;
    await cluster.kill(master, 'SIGKILL');
    await eventually(60_000, 'another master', async () => (await masterOf(cluster)).name !== master);
    await consume(cluster.namesrvAddress, 'second', 0);
  }, 240_000);

  it('open in the Java broker 5.4.0', async () => {
    const master = await masterOf(cluster);
    for (const broker of brokersOf(cluster)) if (broker.running) await cluster.kill(broker.name, 'SIGTERM');
    await eventually(30_000, 'the end of all brokers', () => brokersOf(cluster).every((broker) => !broker.running));
    const store = await copyStore(master.directory, join(directory, 'store'));
    const java = await JavaBrokerOnStore.open(store, join(directory, 'java'), SIZES);
    try {
      await consume(java.namesrvAddress, 'third', 0);
    } finally {
      await java.kill();
    }
  }, 240_000);
});
