import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MessageStore, decodeMessage } from '@batonmq/broker-store';
import { nodeHost, silentLog } from '@batonmq/host';
import { brokersOf, masterOf, type Cluster } from '../harness/cluster';
import { eventually, within } from '../harness/deadline';
import { reportFigures } from '../harness/figures';
import { freePorts } from '../harness/free-ports';
import { JavaBrokerOnStore } from '../harness/java-standalone';
import { javaClientCluster, type JavaClientCluster } from '../harness/java-client-cluster';
import type { LineProgram, ProgramEvent } from '../harness/line-program';
import { copyStore } from '../harness/store-copy';
import { interopSuite } from './interop-suite';

const MQBROKER = join(dirname(require.resolve('@batonmq/mqbroker/package.json')), 'dist', 'cli.js');
const SIZES = { mappedFileSizeCommitLog: String(4 << 20), maxHashSlotNum: '100000', maxIndexNum: '400000' };
const PROPERTIES = { ...SIZES, recallMessageEnable: 'true' };
const COUNT = 600;
const RECALL_EVERY = 10;
const PENDING = 60;
/** Long enough for a clean stop, a copy and the start of the other broker. */
const PENDING_MS = 75_000;
/** A message may come until a second after its time; and this much later through the way to the consumer. */
const LATE_MS = 1_700;

const numbersOf = (events: readonly ProgramEvent[], kind: string): number[] =>
  events.filter(({ event }) => event === kind).map(({ n }) => Number(n));

interopSuite('messages for a later time, by the Java client 5.4.0', ['jdk', 'maven'], () => {
  let all: JavaClientCluster;
  let directory: string;
  let cluster: Cluster;
  let start: JavaClientCluster['start'];

  const run = (namesrv: string, topic: string, more: Record<string, number>, events: ProgramEvent[]): LineProgram =>
    start('TimedMessages', { namesrv, topic, group: `${topic}-c`, ...more }, (event) => events.push(event));

  beforeAll(async () => {
    all = await javaClientCluster('timer', PROPERTIES);
    ({ directory, cluster, start } = all);
  }, 600_000);

  afterAll(() => all?.stop(), 60_000);

  it('come in time, once, through the death of the master; those taken back do not', async () => {
    await cluster.createTopic('timed', 4);
    const events: ProgramEvent[] = [];
    const times = { count: COUNT, minMs: 2_000, spreadMs: 25_000, recallEvery: RECALL_EVERY };
    const program = run(cluster.namesrvAddress, 'timed', times, events);
    try {
      await program.first('sent', 60_000);
      await eventually(60_000, 'the first messages', () => numbersOf(events, 'delivered').length > COUNT / 10);
      const killedAt = Date.now();
      await cluster.kill((await masterOf(cluster)).name, 'SIGKILL');
      const timed = numbersOf(events, 'timed');
      expect(timed.length).toBe(COUNT - COUNT / RECALL_EVERY);
      const left = (): number[] => {
        const delivered = new Set(numbersOf(events, 'delivered'));
        return timed.filter((n) => !delivered.has(n));
      };
      await eventually(90_000, 'all messages', () => left().length === 0);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const delivered = events.filter(({ event }) => event === 'delivered');
      const numbers = delivered.map(({ n }) => Number(n));
      const lateness = delivered.map((event) => Number(event['stored']) - Number(event['due']));
      const duringFailover = ({ due }: ProgramEvent): boolean =>
        Number(due) > killedAt - LATE_MS && Number(due) < killedAt + 20_000;
      const calm = delivered.filter((event) => !duringFailover(event));
      const calmLateness = calm.map((event) => Number(event['stored']) - Number(event['due']));
      reportFigures('timer-messages', {
        messages: COUNT,
        twice: numbers.length - new Set(numbers).size,
        medianLateMs: calmLateness.sort((a, b) => a - b)[calmLateness.length >> 1],
        maxLateMs: Math.max(...lateness),
      });
      expect(numbers.filter((n) => n % RECALL_EVERY === 0)).toEqual([]);
      // The program takes the time before it sends, the broker counts from when the message arrives.
      expect(Math.min(...lateness)).toBeGreaterThan(-50);
      expect(calmLateness.filter((late) => late > LATE_MS)).toEqual([]);
      await program.stop();
    } finally {
      program.kill();
    }
  }, 240_000);

  it('wait in our files for the Java broker 5.4.0', async () => {
    await cluster.createTopic('ours-to-java', 2);
    const sending: ProgramEvent[] = [];
    const times = { count: PENDING, minMs: PENDING_MS, spreadMs: 10_000 };
    const program = run(cluster.namesrvAddress, 'ours-to-java', times, sending);
    await program.first('sent', 60_000);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await program.stop();
    const master = await masterOf(cluster);
    for (const broker of brokersOf(cluster)) if (broker.running) await cluster.kill(broker.name, 'SIGTERM');
    await eventually(30_000, 'the end of all brokers', () => brokersOf(cluster).every((broker) => !broker.running));
    const store = await copyStore(master.directory, join(directory, 'our-store'));
    const java = await JavaBrokerOnStore.open(store, join(directory, 'java-on-ours'), SIZES);
    try {
      await expectAll(java.namesrvAddress, 'ours-to-java', sending);
    } finally {
      await java.kill();
    }
  }, 240_000);

  it('wait in the files of the Java broker 5.4.0 for us', async () => {
    const store = join(directory, 'java-store');
    mkdirSync(store);
    const java = await JavaBrokerOnStore.open(store, join(directory, 'java-first'), SIZES);
    const sending: ProgramEvent[] = [];
    try {
      const times = { count: PENDING, minMs: PENDING_MS, spreadMs: 5_000 };
      const program = run(java.namesrvAddress, 'java-to-ours', times, sending);
      await program.first('sent', 60_000);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await program.stop();
    } finally {
      await java.stop();
    }
    const lastDue = Math.max(...sending.filter(({ event }) => event === 'timed').map(({ due }) => Number(due)));
    await runOurBroker(store, Math.max(5_000, lastDue + 3_000 - Date.now()));
    const stored = await messagesOf(store, 'java-to-ours');
    expect(stored.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: PENDING }, (_, n) => n));
    for (const { n, storedAt } of stored) {
      const due = Number(sending.find((event) => event.event === 'timed' && event['n'] === n)?.['due']);
      expect(storedAt).toBeGreaterThan(due - 1_000);
    }
  }, 240_000);

  async function expectAll(namesrv: string, topic: string, sending: readonly ProgramEvent[]): Promise<void> {
    const events: ProgramEvent[] = [];
    const program = run(namesrv, topic, { count: 0, minMs: 0, spreadMs: 0 }, events);
    try {
      const timed = numbersOf(sending, 'timed');
      expect(timed.length).toBe(PENDING);
      await eventually(120_000, 'all messages', () => new Set(numbersOf(events, 'delivered')).size === timed.length);
      for (const { due, stored } of events.filter(({ event }) => event === 'delivered'))
        expect(Number(stored)).toBeGreaterThan(Number(due) - 1_000);
      await program.stop();
    } finally {
      program.kill();
    }
  }

  /** Our broker alone on a directory, for a while, ended cleanly. */
  async function runOurBroker(store: string, ms: number): Promise<void> {
    const port = (await freePorts(4)) + 2;
    const file = join(directory, 'ours.conf');
    const properties = {
      ...SIZES,
      brokerClusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerIP1: '127.0.0.1',
      listenPort: String(port),
      haListenPort: String(port + 1),
      storePathRootDir: store,
    };
    writeFileSync(
      file,
      Object.entries(properties)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    const child = spawn(process.execPath, [MQBROKER, '-c', file], { stdio: ['ignore', 'inherit', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    try {
      const early = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, ms, 'time'))]);
      expect(early).toBe('time');
      child.kill('SIGTERM');
      await within(30_000, 'the end of our broker', ended);
    } finally {
      child.kill('SIGKILL');
    }
  }

  async function messagesOf(store: string, topic: string): Promise<{ n: number; storedAt: number }[]> {
    const opened = new MessageStore(nodeHost(silentLog), {
      storePathRootDir: store,
      mappedFileSizeCommitLog: Number(SIZES.mappedFileSizeCommitLog),
      maxHashSlotNum: Number(SIZES.maxHashSlotNum),
      maxIndexNum: Number(SIZES.maxIndexNum),
      storeHost: { host: '127.0.0.1', port: 10911 },
    });
    await opened.load();
    const messages: { n: number; storedAt: number }[] = [];
    for (const queue of opened.queues) {
      if (queue.topic !== topic) continue;
      for (let at = queue.minOffset; at < queue.maxOffset;) {
        const found = opened.getMessages(topic, queue.queueId, at, 32, 1 << 20);
        for (const bytes of found.messages) {
          for (let place = 0; place < bytes.length;) {
            const message = decodeMessage(bytes, place);
            messages.push({ n: Number.parseInt(message.body.toString(), 10), storedAt: message.storeTimestamp });
            place += message.totalSize;
          }
        }
        at = Math.max(at + 1, found.nextBeginOffset);
      }
    }
    await opened.start();
    await opened.stop();
    return messages;
  }
});
