import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalCluster } from 'batonmq';
import { javaProgram, type ProgramArguments } from '../harness/client-programs';
import { eventually } from '../harness/deadline';
import { reportFigures } from '../harness/figures';
import { freePorts } from '../harness/free-ports';
import { JavaPair } from '../harness/java-pair';
import type { LineProgram, ProgramEvent } from '../harness/line-program';
import { OurBroker } from '../harness/our-broker';
import { removeTemporaryDirectory, temporaryDirectory } from '../harness/paths';
import { interopSuite } from './interop-suite';

/** The upgrade guide's numbers with BATONMQ_E2E_LONG=1; a few thousand show the same in a minute. */
const LONG = process.env['BATONMQ_E2E_LONG'] === '1';
const MESSAGES = LONG ? 200_000 : 4000;
const DELAYED = LONG ? 1000 : 50;
/** 30 s with the default table: they come due after the upgrade, or while nobody runs. */
const DELAY_LEVEL = 4;
const LATER_EVERY = 40;
const TOPIC = 'upgrade-orders';
const DELAYED_TOPIC = 'upgrade-delayed';
const GROUP = 'upgrade-group';
const LIMIT_MS = LONG ? 1_200_000 : 300_000;
/** For one step: what does not come is to be named before the whole test is over its time. */
const STEP_MS = LIMIT_MS / 4;
/** Java refuses to load other sizes than it wrote; ours too. */
const SIZES = {
  mappedFileSizeCommitLog: String(LONG ? 64 << 20 : 4 << 20),
  maxHashSlotNum: '100000',
  maxIndexNum: '400000',
};

interface Consumed extends ProgramEvent {
  readonly n: number;
  readonly later: boolean;
}

interopSuite('a Java master and slave become a group of ours, on the same files', ['jdk', 'maven'], () => {
  let directory: string;
  let start: Awaited<ReturnType<typeof javaProgram>>;
  const running: LineProgram[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory('upgrade');
    const home = join(directory, 'client');
    mkdirSync(home);
    start = await javaProgram('client-5.4.0', home);
  }, LIMIT_MS);

  afterEach(async () => {
    for (const program of running.splice(0)) program.kill();
    await removeTemporaryDirectory(directory);
  }, 60_000);

  const run = (
    program: Parameters<typeof start>[0],
    args: ProgramArguments,
    onEvent?: (event: ProgramEvent) => void,
  ) => {
    const started = start(program, args, onEvent);
    running.push(started);
    return started;
  };

  /** @returns how often a send was refused, and sent again: the store may have that message twice */
  const send = async (namesrv: string, first: number, count: number): Promise<number> => {
    const what = { topic: TOPIC, first, count, bodyBytes: 300, rate: 20_000 };
    let refused = 0;
    // The client does not send again by itself within this time.
    const args = { namesrv, group: 'upgrade-p', sendTimeoutMs: 30_000, ...what };
    const producer = run('Producer', args, ({ event }) => (refused += event === 'refused' ? 1 : 0));
    expect(await producer.first('done', STEP_MS)).toMatchObject({ acked: count, gaveUp: 0 });
    await producer.stop();
    return refused;
  };

  const sendDelayed = async (namesrv: string): Promise<void> => {
    const args = { namesrv, topic: DELAYED_TOPIC, group: 'upgrade-d', first: 0, count: DELAYED, level: DELAY_LEVEL };
    const producer = run('DelayedProducer', args);
    expect(await producer.first('done', STEP_MS)).toMatchObject({ acked: DELAYED });
    await producer.stop();
  };

  /** Consumes a third, sends some of it back, and leaves. */
  const consumeHalfway = async (namesrv: string, consumed: Consumed[]): Promise<void> => {
    const args = { namesrv, topic: TOPIC, group: GROUP, until: Math.floor(MESSAGES / 3), laterEvery: LATER_EVERY };
    const consumer = run(
      'HalfwayConsumer',
      args,
      (event) => event.event === 'consumed' && consumed.push(event as Consumed),
    );
    await consumer.first('halfway', STEP_MS);
    await consumer.stop(60_000);
  };

  const stores = (): { master: string; slave: string; cluster: string } => {
    const cluster = join(directory, 'cluster');
    return { cluster, master: join(cluster, 'broker-a', '1', 'store'), slave: join(cluster, 'broker-a', '2', 'store') };
  };

  /** A slave copies the tables every ten seconds. */
  const tablesCopied = (): Promise<unknown> =>
    eventually(60_000, "the slave has the master's tables", () => {
      const offsets = (store: string): string | undefined => {
        const file = join(store, 'config', 'consumerOffset.json');
        if (!existsSync(file)) return undefined;
        // Java writes numbers as keys without quotes
        const json = readFileSync(file, 'utf8').replace(/([{,]\s*)(\d+):/g, '$1"$2":');
        const { offsetTable } = JSON.parse(json) as { offsetTable: Record<string, unknown> };
        return JSON.stringify(offsetTable[`${TOPIC}@${GROUP}`]);
      };
      // Each is read once: a file that Java is writing is not there for a moment, and nothing is no copy of nothing.
      const master = offsets(stores().master);
      return master !== undefined && offsets(stores().slave) === master;
    });

  const readNumbers = async (namesrv: string, topic: string): Promise<number[]> => {
    const numbers: number[] = [];
    const reader = run('TopicReader', { namesrv, group: 'upgrade-reader', topic }, (event) => {
      if (event.event === 'message') numbers.push(Number(String(event['body']).split('|')[0]));
    });
    await reader.first('done', STEP_MS);
    await reader.stop();
    return numbers.sort((a, b) => a - b);
  };

  /** @param refused as `send` says: so many may be there twice */
  const expectEachOnce = (numbers: readonly number[], count: number, refused = 0): void => {
    expect(new Set(numbers).size).toBe(count);
    expect(numbers.length).toBeLessThanOrEqual(count + refused);
  };

  /** Before the upgrade: topics, messages, a group in the midst of them, messages to come. @returns the numbers in the topic */
  const inJava = async (consumed: Consumed[], before: (pair: JavaPair) => Promise<void>): Promise<number[]> => {
    const pair = await JavaPair.start(stores().cluster, SIZES);
    try {
      await pair.createTopic(TOPIC, 4);
      await pair.createTopic(DELAYED_TOPIC, 2);
      const refused = await send(pair.namesrvAddress, 0, MESSAGES);
      const sent = await readNumbers(pair.namesrvAddress, TOPIC);
      expectEachOnce(sent, MESSAGES, refused);
      await consumeHalfway(pair.namesrvAddress, consumed);
      await before(pair);
      await sendDelayed(pair.namesrvAddress);
      await pair.stop();
      return sent;
    } finally {
      await pair.kill();
    }
  };

  /** After the upgrade: all is there as it was, the group goes on, what was delayed or sent back comes. */
  const expectAllThere = async (namesrv: string, sent: readonly number[], consumed: Consumed[]): Promise<void> => {
    expect(await readNumbers(namesrv, TOPIC)).toEqual(sent);
    const inTime = consumed.filter(({ later }) => !later).length;
    const done = new Set(consumed.filter(({ later }) => !later).map(({ n }) => n));
    const waiting = new Set(consumed.filter(({ later }) => later).map(({ n }) => n));
    expect(waiting.size).toBeGreaterThan(0);
    const again: Consumed[] = [];
    const consumer = run('HalfwayConsumer', { namesrv, topic: TOPIC, group: GROUP }, (event) => {
      if (event.event === 'consumed') again.push(event as Consumed);
      if (event.event === 'consumed') done.add(Number(event['n']));
    });
    await eventually(STEP_MS, 'the group has consumed everything', () => {
      if (done.size === MESSAGES) return true;
      const missing = Array.from({ length: MESSAGES }, (_, n) => n).filter((n) => !done.has(n));
      const sentBack = missing.filter((n) => waiting.has(n)).length;
      throw new Error(
        `${again.length} came, ${missing.length} did not, ${sentBack} of them sent back before: ${missing.slice(0, 20).join()}`,
      );
    });
    await consumer.stop(60_000);
    expect(again.filter(({ n }) => n < 0)).toEqual([]);
    // it goes on where it was: at most what was under way is delivered a second time
    const twice = inTime + again.length - sent.length;
    expect(twice).toBeLessThan(1000);
    await eventually(
      90_000,
      'the delayed messages',
      async () => (await readNumbers(namesrv, DELAYED_TOPIC)).length >= DELAYED,
      1000,
    );
    expectEachOnce(await readNumbers(namesrv, DELAYED_TOPIC), DELAYED);
    reportFigures('upgrade-in-place', { messages: MESSAGES, sentBack: waiting.size, deliveredTwice: twice });
  };

  it(
    'aligned logs: nothing is lost, consumers go on, and the slave can take over',
    async () => {
      const consumed: Consumed[] = [];
      const sent = await inJava(consumed, async (pair) => {
        await tablesCopied();
        await pair.aligned();
      });

      const cluster = new LocalCluster({ directory: stores().cluster, brokers: 2, brokerProperties: SIZES });
      await cluster.start();
      try {
        await expectAllThere(cluster.namesrvAddress, sent, consumed);
        const refused = await send(cluster.namesrvAddress, MESSAGES, 500);
        const master = await cluster.masterNode();
        await cluster.kill(master.name);
        await eventually(60_000, 'another master', async () => (await cluster.masterNode()).name !== master.name);
        await eventually(STEP_MS, 'all messages on it', async () => {
          const numbers = await readNumbers(cluster.namesrvAddress, TOPIC);
          expectEachOnce(numbers, MESSAGES + 500, sent.length - MESSAGES + refused);
          return numbers.length >= sent.length + 500;
        });
      } finally {
        await cluster.stop();
      }
    },
    LIMIT_MS,
  );

  it(
    'unaligned logs, the master first: the slave catches up from its own end',
    async () => {
      const consumed: Consumed[] = [];
      const sent = await inJava(consumed, async (pair) => {
        await pair.aligned();
        await pair.stopSlave();
      });

      const first = new LocalCluster({ directory: stores().cluster, brokers: 1, brokerProperties: SIZES });
      await first.start();
      let second: OurBroker | undefined;
      try {
        const master = await first.masterNode();
        second = await OurBroker.join(join(stores().cluster, 'broker-a', '2'), join(master.directory, 'broker.conf'));
        await eventually(
          60_000,
          'the slave in the SyncStateSet',
          async () => (await first.groupState()).syncStateSet.length === 2,
        );
        await expectAllThere(first.namesrvAddress, sent, consumed);
        await first.kill(master.name);
        await eventually(60_000, 'all messages on the other broker', async () => {
          const numbers = await readNumbers(first.namesrvAddress, TOPIC);
          return numbers.length === sent.length;
        });
      } finally {
        await second?.kill();
        await first.stop();
      }
    },
    LIMIT_MS,
  );

  it(
    'from DLedger: an empty disk with its topics.json and subscriptionGroup.json',
    async () => {
      const dledger = {
        enableDLegerCommitLog: 'true',
        dLegerGroup: 'broker-a',
        dLegerPeers: `n0-127.0.0.1:${await freePorts()}`,
        dLegerSelfId: 'n0',
      };
      const pair = await JavaPair.single(stores().cluster, { ...SIZES, ...dledger });
      try {
        await pair.createTopic(TOPIC, 5);
        await send(pair.namesrvAddress, 0, 300);
        const consumed: Consumed[] = [];
        const consumer = run(
          'HalfwayConsumer',
          { namesrv: pair.namesrvAddress, topic: TOPIC, group: GROUP },
          (event) => {
            if (event.event === 'consumed') consumed.push(event as Consumed);
          },
        );
        await eventually(60_000, 'all is consumed', () => new Set(consumed.map(({ n }) => n)).size === 300);
        await consumer.stop(60_000);
        await pair.stop();
      } finally {
        await pair.kill();
      }
      const { master, slave, cluster } = stores();
      const kept = join(directory, 'kept');
      for (const file of ['topics.json', 'subscriptionGroup.json'])
        await cp(join(master, 'config', file), join(kept, file));
      for (const store of [master, slave]) {
        rmSync(store, { recursive: true, force: true });
        await cp(kept, join(store, 'config'), { recursive: true });
      }

      const ours = new LocalCluster({ directory: cluster, brokers: 2, brokerProperties: SIZES });
      await ours.start();
      try {
        const namesrv = ours.namesrvAddress;
        await eventually(30_000, 'the topic has its route', async () => {
          const known = await Promise.all(
            ours.nodes
              .filter(({ kind }) => kind === 'namesrv')
              .map(({ address }) => ours.admin.hasRoute(address, TOPIC)),
          );
          return !known.includes(false);
        });
        const queues = new Set<number>();
        const consumer = run('HalfwayConsumer', { namesrv, topic: TOPIC, group: GROUP }, (event) => {
          if (event.event === 'consumed') queues.add(Number(event['queue']));
        });
        await consumer.first('ready', 60_000);
        const refused = await send(namesrv, 0, 300);
        await eventually(60_000, 'messages in all five queues', () => queues.size === 5);
        await consumer.stop(60_000);
        expectEachOnce(await readNumbers(namesrv, TOPIC), 300, refused);
      } finally {
        await ours.stop();
      }
    },
    LIMIT_MS,
  );
});
