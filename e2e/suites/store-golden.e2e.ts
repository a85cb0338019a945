import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { reportFigures } from '../harness/figures';
import type { ProgramEvent } from '../harness/line-program';
import { removeTemporaryDirectory, temporaryDirectory } from '../harness/paths';
import { runStore, type StoreMake, type StoreRun } from '../harness/store-drivers';
import { planText, StorePlanBuilder, type PlannedMessage, type StorePlan } from '../harness/store-plan';
import { interopSuite } from './interop-suite';

/** Small files, so that every kind of file is rolled over several times. */
const SIZES = {
  mappedFileSizeCommitLog: String(128 << 10),
  mappedFileSizeConsumeQueue: String(20 * 50),
  maxHashSlotNum: '100',
  maxIndexNum: '400',
  maxMessageSize: String(128 << 10),
  enableLmq: 'true',
  enableMultiDispatch: 'true',
};
/** After a kill Java drops the index file that was being written; only this makes it index those messages again. */
const FOR_READING = { ...SIZES, messageIndexSafe: 'true' };
const LIMIT_MS = 240_000;
const MIN_MESSAGES = 1000;

interface Message extends ProgramEvent {
  readonly topic: string;
  readonly recordTopic: string;
  readonly queue: number;
  readonly at: number;
  readonly offset: number;
  readonly storeTimestamp: number;
}

interface Ack extends ProgramEvent {
  readonly line: number;
  readonly status: string;
  readonly offset: number;
  readonly queueOffset: number;
}

const acksOf = (events: readonly ProgramEvent[]): Ack[] => events.filter(({ event }) => event === 'ack') as Ack[];
interface Found extends ProgramEvent {
  readonly topic: string;
  readonly key: string;
  readonly offsets: string;
}

const foundOf = (events: readonly ProgramEvent[]): Found[] =>
  events.filter(({ event }) => event === 'found') as Found[];
const placesOf = ({ offsets }: Found): string[] => [...new Set(offsets.split(',').filter((offset) => offset !== ''))];

const keysOf = (properties: string): string[] =>
  ['UNIQ_KEY', 'KEYS'].flatMap(
    (name) => new RegExp(`${name}\u0001([^\u0002]*)`).exec(properties)?.[1]?.split(' ') ?? [],
  );

const messagesOf = (events: readonly ProgramEvent[]): Message[] =>
  events.filter(({ event }) => event === 'message') as Message[];

/** Without what Java's recovery does wrong: in 4.9, delayed messages lose their time. */
function comparable(event: ProgramEvent, java: StoreMake): ProgramEvent {
  const { topic } = event;
  if (java === 'store-4.9.7' && topic === 'SCHEDULE_TOPIC_XXXX') return { ...event, tagsCode: 'of a delayed message' };
  return event;
}

/** Each opening of a store in a JVM takes seconds: what differs least from the rest is for the long run only. */
const LONG = process.env['BATONMQ_E2E_LONG'] === '1';

const KILLED_LONG: [StoreMake, StoreMake][] = [
  ['store-4.9.7', 'store-4.9.7'],
  ['ours', 'store-4.9.7'],
];

interopSuite("stores of RocketMQ's and of ours, opened by each other", ['jdk', 'maven'], () => {
  let directory: string;
  let copies = 0;

  beforeAll(async () => {
    directory = await temporaryDirectory('golden');
  });
  afterAll(() => removeTemporaryDirectory(directory), 60_000);

  const run = (make: StoreMake, how: StoreRun): Promise<ProgramEvent[]> => runStore(make, how, directory);
  const fresh = (): string => join(directory, `store-${++copies}`);

  const write = async (make: StoreMake, store: string, plan: StorePlan, end?: StoreRun['end'], more = {}) => {
    const how: StoreRun = {
      store,
      plan: planText(plan),
      settings: { ...SIZES, ...more },
      ...(end === undefined ? {} : { end }),
    };
    const acks = acksOf(await run(make, how));
    expect(acks.filter(({ status }) => status !== 'PUT_OK')).toEqual([]);
    return acks;
  };

  /** All that a copy of the store has, as the one named sees it: messages, keys, offsets by time. */
  const look = async (make: StoreMake, store: string, questions: string, more = {}): Promise<ProgramEvent[]> => {
    const copy = fresh();
    await cp(store, copy, { recursive: true });
    const plan = `dump\n${questions}`;
    const events = await run(make, { store: copy, plan, settings: { ...FOR_READING, ...more }, end: 'kill' });
    return events.filter(({ event }) => event !== 'opened' && event !== 'done');
  };

  /** Every key of the plan, and times before, at, between and after some messages of every queue. */
  const questionsFor = (plan: StorePlan, seen: readonly ProgramEvent[]): string => {
    const keys = new Set(plan.keys.map(({ topic, key }) => `key\t${topic}\t${key}\n`));
    const times = messagesOf(seen)
      .filter(({ at }) => at % 17 === 0)
      .flatMap(({ topic, queue, storeTimestamp }) =>
        [-1, 0, 1].map((plus) => `time\t${topic}\t${queue}\t${storeTimestamp + plus}\n`),
      );
    return [...keys, ...new Set(times)].join('');
  };

  /** After a kill Java's index has entries twice and lacks others: there we find all that it finds, and `expectKept` asks for more. */
  const expectSameKeys = (ours: readonly ProgramEvent[], theirs: readonly ProgramEvent[], killed: boolean): void => {
    const byKey = new Map(foundOf(ours).map((found) => [`${found.topic}#${found.key}`, placesOf(found)]));
    const wrong = foundOf(theirs).filter((found) => {
      const mine = byKey.get(`${found.topic}#${found.key}`) ?? [];
      const places = placesOf(found);
      return places.some((place) => !mine.includes(place)) || (!killed && places.length !== mine.length);
    });
    const told = wrong.map((found) => ({ theirs: found, ours: byKey.get(`${found.topic}#${found.key}`)?.join(',') }));
    expect(told).toEqual([]);
    expect(byKey.size).toBeGreaterThan(0);
  };

  /** Both see the same in every queue, find the same by key and by time. */
  const expectSameView = async (
    store: string,
    java: StoreMake,
    plan: StorePlan,
    killed = false,
  ): Promise<ProgramEvent[]> => {
    const first = await look('ours', store, '');
    const questions = questionsFor(plan, first);
    const ours = await look('ours', store, questions);
    const theirs = await look(java, store, questions);
    const kinds = java === 'store-4.9.7' ? ['queue', 'message'] : ['queue', 'message', 'atTime'];
    for (const kind of kinds) {
      const of = (events: readonly ProgramEvent[]) =>
        events.filter(({ event }) => event === kind).map((event) => comparable(event, java));
      expect({ kind, seen: of(ours) }).toEqual({ kind, seen: of(theirs) });
      expect({ kind, some: of(ours).length > 0 }).toEqual({ kind, some: true });
    }
    expectSameKeys(ours, theirs, killed);
    return ours;
  };

  /** What was put is there as it was put, at the place that the writer was told. */
  const expectKept = (plan: StorePlan, acks: readonly Ack[], seen: readonly ProgramEvent[]): void => {
    const byOffset = new Map(
      messagesOf(seen)
        .filter(({ topic, recordTopic }) => topic === recordTopic) // light queues have the others
        .map((message) => [message.offset, message]),
    );
    const wrong = acks.filter(({ line, offset, queueOffset }) => {
      const put = plan.steps[line] as PlannedMessage;
      const found = byOffset.get(offset);
      if ((put.sysFlag & 0xc) === 0x4 || (put.sysFlag & 0xc) === 0xc) return found !== undefined; // in no queue
      if (found === undefined) return true;
      const { topic, queueId: queue, bornTimestamp, reconsumeTimes, prepared } = put;
      const expected = { topic, queue, at: queueOffset, bornTimestamp, reconsumeTimes, prepared };
      return Object.entries(expected).some(([field, value]) => found[field] !== value);
    });
    expect(wrong).toEqual([]);

    const byKey = new Map(foundOf(seen).map((found) => [`${found.topic}#${found.key}`, placesOf(found)]));
    const unfound = acks.filter(({ line, offset }) => {
      const { word, topic, sysFlag, properties } = plan.steps[line] as PlannedMessage;
      if (word === 'batch' || sysFlag === 0xc) return false;
      const asked = keysOf(properties).map((key) => byKey.get(`${topic}#${key}`));
      return asked.some((places) => places !== undefined && !places.includes(String(offset)));
    });
    expect(unfound).toEqual([]);
  };

  const plan = (seed: number, make: StoreMake): StorePlan => new StorePlanBuilder(seed).build(make !== 'store-4.9.7');

  it.each<[StoreMake, object]>([
    ['store-5.4.0', { enabledAppendPropCRC: 'true' }],
    ['store-4.9.7', {}],
    ...(LONG ? [['store-5.4.0', {}] as [StoreMake, object]] : []),
  ])(
    '%s %j wrote it and stopped; we read it, write more, and it reads that',
    async (java, more) => {
      const store = fresh();
      const before = plan(1, java);
      const acks = await write(java, store, before, 'stop', more);
      const seen = await expectSameView(store, java, before);
      expectKept(before, acks, seen);
      expect(messagesOf(seen).length).toBeGreaterThan(MIN_MESSAGES);

      const after = plan(2, java);
      const ourAcks = await write('ours', store, after);
      const again = await expectSameView(store, java, after);
      expectKept(before, acks, again);
      expectKept(after, ourAcks, again);
      reportFigures('store-golden', { java, ...more, messages: messagesOf(again).length });
    },
    LIMIT_MS,
  );

  it.each<StoreMake>(LONG ? ['store-5.4.0', 'store-4.9.7'] : ['store-5.4.0'])(
    'we wrote it and stopped; %s reads it',
    async (java) => {
      const store = fresh();
      const steps = plan(3, java);
      const acks = await write('ours', store, steps);
      const seen = await expectSameView(store, java, steps);
      expectKept(steps, acks, seen);
      expect(messagesOf(seen).length).toBeGreaterThan(MIN_MESSAGES);
    },
    LIMIT_MS,
  );

  it.each<[StoreMake, StoreMake]>([
    ['store-5.4.0', 'store-5.4.0'],
    ['ours', 'store-5.4.0'],
    ...(LONG ? KILLED_LONG : []),
  ])(
    '%s was killed while it wrote; we and %s read all that it acknowledged',
    async (writer, java) => {
      const store = fresh();
      const steps = plan(4, java);
      const killAfter = 700;
      const acks = await write(writer, store, steps, killAfter);
      expect(acks.length).toBeGreaterThanOrEqual(killAfter);
      const seen = await expectSameView(store, java, steps, true);
      expectKept(steps, acks, seen);
    },
    LIMIT_MS,
  );

  it(
    'store-5.4.0 wrote extended queue units; we find their tags, write more, and it reads that',
    async () => {
      const more = { enableConsumeQueueExt: 'true', mappedFileSizeConsumeQueueExt: '4096' };
      const [extended, plain] = [fresh(), fresh()];
      const steps = plan(5, 'store-5.4.0');
      await write('store-5.4.0', extended, steps, 'stop', more);
      await write('store-5.4.0', plain, steps);
      const tags = (events: readonly ProgramEvent[]) =>
        messagesOf(events)
          .filter(({ topic }) => topic !== 'SCHEDULE_TOPIC_XXXX') // a time, of its own store
          .map(({ topic, queue, at, tagsCode }) => ({ topic, queue, at, tagsCode }));
      const seen = tags(await look('ours', extended, '', more));
      expect(seen).toEqual(tags(await look('ours', plain, '')));
      expect(seen.some(({ tagsCode }) => tagsCode !== '0')).toBe(true);

      const after = await write('ours', extended, plan(6, 'store-5.4.0'), 'stop', more);
      const theirs = await look('store-5.4.0', extended, '', more);
      const ours = await look('ours', extended, '', more);
      const places = (events: readonly ProgramEvent[]) =>
        messagesOf(events).map(({ topic, queue, at, offset, record }) => ({ topic, queue, at, offset, record }));
      expect(places(ours)).toEqual(places(theirs));
      expect(tags(ours)).toEqual(tags(theirs));
      expect(messagesOf(ours).length).toBeGreaterThan(seen.length + after.length / 2);
    },
    LIMIT_MS,
  );

  it.each<[StoreMake, StoreMake]>([
    ['ours', 'store-5.4.0'],
    ['store-5.4.0', 'ours'],
  ])(
    '%s was killed while it wrote records with their CRC; %s finds none of them wrong',
    async (writer, other) => {
      const store = fresh();
      const steps = plan(9, 'store-5.4.0');
      const acks = await write(writer, store, steps, 700, { enabledAppendPropCRC: 'true' });
      const seen = await look(other, store, '', { enabledAppendPropCRC: 'true', forceVerifyPropCRC: 'true' });
      const there = new Set(messagesOf(seen).map(({ offset }) => offset));
      const missing = acks.filter(({ line, offset }) => {
        const { sysFlag } = steps.steps[line] as PlannedMessage;
        return ((sysFlag & 0xc) === 0 || (sysFlag & 0xc) === 0x8) && !there.has(offset);
      });
      expect(missing).toEqual([]);
      expect(there.size).toBeGreaterThan(500);
    },
    LIMIT_MS,
  );

  it.each<[StoreMake, StoreMake, 'stop' | number]>([
    ['store-5.4.0', 'ours', 'stop'],
    ['store-5.4.0', 'ours', 20],
    ['ours', 'store-5.4.0', 'stop'],
    ['ours', 'store-5.4.0', 20],
  ])(
    '%s wrote batches that stay one record, %s goes on behind them (%s)',
    async (writer, other, end) => {
      const store = fresh();
      const topic = 'golden-inner';
      const how = (seed: number): StoreRun => ({
        store,
        plan: planText({ steps: new StorePlanBuilder(seed).innerBatches(topic, 40, 3) }),
        settings: SIZES,
        batchTopic: topic,
      });
      const first = acksOf(await run(writer, { ...how(7), end }));
      const second = acksOf(await run(other, how(8)));
      const acks = [...first, ...second];
      expect(acks.filter(({ status }) => status !== 'PUT_OK')).toEqual([]);
      expect(first.length).toBeGreaterThanOrEqual(20);
      // What a killed writer did not come to tell is there as well.
      const begin = second[0]?.queueOffset as number;
      expect(begin).toBeGreaterThanOrEqual(first.length * 3);
      const seen = await run('ours', { ...how(0), plan: `dump\nqueue\t${topic}\t0\n` });
      const byOffset = new Map(messagesOf(seen).map((message) => [message.offset, message.at]));
      expect(acks.filter(({ offset, queueOffset }) => byOffset.get(offset) !== queueOffset)).toEqual([]);
      const theirs = await run('store-5.4.0', { ...how(0), plan: `queue\t${topic}\t0\n` });
      const bounds = (events: readonly ProgramEvent[]) => events.filter(({ event }) => event === 'queue').at(-1);
      expect(bounds(seen)).toEqual(bounds(theirs));
      expect(bounds(seen)).toMatchObject({ min: 0, max: begin + 40 * 3 });
    },
    LIMIT_MS,
  );
});
