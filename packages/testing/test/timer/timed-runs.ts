import { Broker } from '@batonmq/broker';
import { Producer } from '@batonmq/client';
import { brokerConfig, readConfig, remotingServerConfig } from '@batonmq/config';
import type { Clock } from '@batonmq/host';
import {
  RemotingClient,
  RequestCode,
  brokerHeaders,
  decodeMessages,
  type ExtFields,
  type ReceivedMessage,
} from '@batonmq/remoting';
import { World } from '@batonmq/simulator';
import { SimulatedCluster } from '../../src';

export const pair = (name: string, value: string): string => `${name}\u0001${value}\u0002`;

/** One broker without a controller on a simulated machine, and what its store has of a topic. */
export class OneBroker {
  readonly world: World;
  private readonly machine;
  private readonly client: RemotingClient;
  private number = 0;
  private clock: Clock | undefined;
  broker: Broker | undefined;

  constructor(
    seed: number,
    private readonly more: Record<string, string> = {},
  ) {
    this.world = new World({ seed });
    this.machine = this.world.machine('broker');
    this.client = new RemotingClient(this.world.machine('client').boot());
  }

  async start(): Promise<void> {
    const properties = {
      brokerName: 'broker-a',
      brokerIP1: this.machine.address,
      listenPort: '10911',
      storePathRootDir: '/store',
      mappedFileSizeCommitLog: '65536',
      mappedFileSizeConsumeQueue: '6000',
      mappedFileSizeTimerLog: String(52 * 40),
      maxHashSlotNum: '64',
      maxIndexNum: '256',
      recallMessageEnable: 'true',
      ...this.more,
    };
    const { values } = readConfig([brokerConfig, remotingServerConfig], new Map(Object.entries(properties)), 'spec');
    const host = this.machine.boot();
    this.clock = host.clock;
    this.broker = new Broker(host, values);
    await this.wait(this.broker.start());
  }

  async stop(): Promise<void> {
    await this.wait((this.broker as Broker).stop());
  }

  kill(): void {
    this.machine.kill();
  }

  crash(): void {
    this.machine.crash();
  }

  get wallMs(): number {
    return this.clock?.wallMs() ?? 0;
  }

  async wait<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let done = false;
    const settled = promise.finally(() => (done = true));
    settled.catch(() => undefined);
    if (!(await this.world.run(limitMs, () => done))) throw new Error(`not done\n${this.world.trace.join('\n')}`);
    return settled;
  }

  async send(topic: string, body: string, properties: string): Promise<ExtFields> {
    const header = brokerHeaders.SendMessageV2Request.encode({
      ...{ a: 'producers', b: topic, c: 'TBW102', d: 1, e: 0, f: 0, g: this.number++, h: 0 },
      ...{ i: properties, j: 0, k: false, l: undefined, m: false, n: undefined },
    });
    return this.ask(RequestCode.SEND_MESSAGE_V2, header, Buffer.from(body));
  }

  async ask(code: number, header: ExtFields, body?: Buffer): Promise<ExtFields> {
    const request = body === undefined ? { code, header } : { code, header, body };
    const answer = await this.wait(this.client.invoke(`${this.machine.address}:10911`, request, 30_000));
    if (answer.code !== 0) throw new Error(`code ${answer.code}: ${answer.remark}`);
    return answer.extFields;
  }

  /** What the broker asks of the client. */
  onQuestion(code: number, listener: (fields: ExtFields) => void): void {
    this.client.handle(code, ({ extFields }) => {
      listener(extFields);
      return undefined;
    });
  }

  messages(topic: string): ReceivedMessage[] {
    return messagesOf(this.broker as Broker, topic);
  }
}

function messagesOf({ store }: Broker, topic: string, queueId = 0): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  for (let at = 0; at < store.maxOffsetInQueue(topic, queueId);) {
    const found = store.getMessages(topic, queueId, at, 32, 1 << 20);
    for (const bytes of found.messages) messages.push(...decodeMessages(bytes));
    at = Math.max(at + 1, found.nextBeginOffset);
  }
  return messages;
}

export const bodies = (messages: readonly ReceivedMessage[]): string[] =>
  messages.map((message) => String(message.body));
export const property = (message: ReceivedMessage | undefined, name: string): string | undefined =>
  message?.properties.get(name);

/** What became of timed messages: those that were acknowledged, and all that were delivered. */
export interface TimedRun {
  readonly sent: readonly string[];
  readonly delivered: readonly string[];
}

/** How messages are delayed: for a free time by the timer, or by one of the levels, which have queues of their own. */
export type Delaying = 'timer' | 'level';

const LEVELS_MS = [1000, 2000, 5000, 10_000, 20_000];
const messageDelayLevel = LEVELS_MS.map((ms) => `${ms / 1000}s`).join(' ');

/** The property that delays a message by about `ms`. */
function delayOf(delaying: Delaying, ms: number): [name: string, value: string] {
  if (delaying === 'timer') return ['TIMER_DELAY_MS', String(ms)];
  return ['DELAY', String(Math.max(1, LEVELS_MS.findIndex((level) => level >= ms) + 1))];
}

interface OneBrokerRun {
  readonly delaying?: Delaying;
  /** ASYNC_FLUSH, with time for what was sent to get to the disk before the broker ends. */
  readonly async?: boolean;
}

/** Longer than flushCommitLogThoroughInterval. */
const FLUSHED_AFTER_MS = 11_000;

/** Sends delayed messages to one broker that ends five times. */
export async function runOneBroker(
  seed: number,
  end: 'stop' | 'kill' | 'crash',
  { delaying = 'timer', async = false }: OneBrokerRun = {},
): Promise<TimedRun> {
  const timerRollWindowSlot = seed % 2 === 0 ? '8' : '3600';
  const flushDiskType = async ? 'ASYNC_FLUSH' : 'SYNC_FLUSH';
  const one = new OneBroker(seed, { flushDiskType, timerRollWindowSlot, messageDelayLevel });
  const chance = (limit: number): number => Math.floor(one.world.random.next() * limit);
  await one.start();
  const sent: string[] = [];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 6; i++) {
      const body = `${round}.${i}`;
      await one.send('T', body, pair(...delayOf(delaying, chance(25_000))) + pair('UNIQ_KEY', `key-${body}`));
      sent.push(body);
      await one.world.run(chance(400));
    }
    await one.world.run(async ? FLUSHED_AFTER_MS + chance(12_000) : chance(5_000));
    if (end === 'stop') await one.stop();
    else one[end]();
    await one.world.run(chance(8_000));
    await one.start();
  }
  await one.world.run(60_000, () => new Set(bodies(one.messages('T'))).size >= sent.length);
  await one.world.run(3_000);
  const delivered = bodies(one.messages('T'));
  await one.stop();
  return { sent, delivered };
}

/** Sends delayed messages to a group that loses its master three times. */
export async function runGroup(seed: number, end: 'kill' | 'crash', delaying: Delaying = 'timer'): Promise<TimedRun> {
  const cluster = new SimulatedCluster({
    seed,
    brokerProperties: { flushDiskType: 'SYNC_FLUSH', messageDelayLevel },
  });
  const chance = (limit: number): number => Math.floor(cluster.world.random.next() * limit);
  await cluster.start();
  await cluster.createTopic('T', 1);
  const producer = new Producer(cluster.client('producer'), { nameServers: cluster.namesrvAddress });
  const sent = new Set<string>();
  const send = async (body: string): Promise<void> => {
    let done = false;
    const [delay, value] = delayOf(delaying, 500 + chance(20_000));
    const properties = { [delay]: value, UNIQ_KEY: `key-${body}` };
    void producer
      .send({ topic: 'T', body: Buffer.from(body), properties })
      .then(() => sent.add(body))
      .catch(() => undefined)
      .finally(() => (done = true));
    await cluster.until('the send is answered', 60_000, () => done);
  };
  const delivered = (): string[] => bodies(messagesOf(cluster.master?.service as Broker, 'T'));
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 10; i++) await send(`${round}.${i}`);
    await cluster.world.run(chance(6_000));
    const master = cluster.master?.name as string;
    const epoch = cluster.groupState()?.masterEpoch ?? 0;
    cluster[end](master);
    await cluster.until('there is another master', 60_000, () => (cluster.groupState()?.masterEpoch ?? 0) > epoch);
    await cluster.world.run(2_000);
    cluster.restart(master);
    await cluster.until('the group is complete', 60_000, () => cluster.isComplete());
  }
  await cluster.world.run(30_000, () => new Set(delivered()).size >= sent.size);
  await cluster.world.run(5_000);
  return { sent: [...sent], delivered: delivered() };
}

/** Acknowledged messages that were not delivered, and those delivered more than once. */
export function verdict({ sent, delivered }: TimedRun): { lost: string[]; twice: string[] } {
  return {
    lost: sent.filter((body) => !delivered.includes(body)),
    twice: delivered.filter((body, i) => delivered.indexOf(body) !== i),
  };
}
