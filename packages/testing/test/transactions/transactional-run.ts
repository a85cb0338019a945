import type { Broker } from '@batonmq/broker';
import type { Host } from '@batonmq/host';
import {
  RemotingClient,
  RequestCode,
  brokerHeaders,
  decodeMessages,
  writeJson,
  type ExtFields,
} from '@batonmq/remoting';
import { decodeMessage, parseOffsetMessageId } from '@batonmq/broker-store';
import { SimulatedCluster } from '../../src';
import { OneBroker, bodies } from '../timer/timed-runs';

const GROUP = 'tellers';
const TOPIC = 'Paid';
const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC';
const COMMIT = 8;
const ROLLBACK = 12;
const TIMEOUT_MS = 3000;
const pair = (name: string, value: string): string => `${name}\u0001${value}\u0002`;

/** What became of transactions: each acknowledged half message was to be committed or not. */
export interface TransactionalRun {
  readonly committed: readonly string[];
  readonly others: readonly string[];
  /** Bodies in the topic at the end. */
  readonly visible: readonly string[];
  /** Half messages that nobody had settled at the end. */
  readonly unsettled: number;
}

/** A producer whose local transactions are a table; it ends some of its messages, and forgets others until it is asked. */
class Teller {
  readonly wanted = new Map<string, number>();
  private readonly client: RemotingClient;
  private sent = 0;

  constructor(
    host: Host,
    private readonly chance: (limit: number) => number,
    private readonly master: () => string | undefined,
  ) {
    this.client = new RemotingClient(host);
    this.client.handle(RequestCode.CHECK_TRANSACTION_STATE, ({ extFields }) => {
      // Without an acknowledgement there was no local transaction.
      this.end(extFields, this.wanted.get(extFields['msgId'] ?? '') ?? ROLLBACK, true);
      return undefined;
    });
  }

  async heartbeat(): Promise<void> {
    const body = writeJson({ clientID: 'teller', producerDataSet: [{ groupName: GROUP }], consumerDataSet: [] });
    await this.ask(RequestCode.HEART_BEAT, {}, body);
  }

  async transact(): Promise<void> {
    const key = `t${this.sent++}`;
    const properties = pair('TRAN_MSG', 'true') + pair('PGROUP', GROUP) + pair('UNIQ_KEY', key);
    const header = brokerHeaders.SendMessageV2Request.encode({
      ...{ a: GROUP, b: TOPIC, c: 'TBW102', d: 1, e: 0, f: 4, g: this.sent, h: 0 },
      ...{ i: properties, j: 0, k: false, l: undefined, m: false, n: undefined },
    });
    const answer = await this.ask(RequestCode.SEND_MESSAGE_V2, header, Buffer.from(key));
    if (answer?.code !== 0) return;
    const verdict = this.chance(3) > 0 ? COMMIT : ROLLBACK;
    this.wanted.set(key, verdict);
    if (this.chance(4) === 0) return;
    const { queueOffset, msgId = '' } = answer.extFields;
    const commitLogOffset = String(parseOffsetMessageId(msgId).physicalOffset);
    this.end({ tranStateTableOffset: queueOffset, commitLogOffset, msgId: key }, verdict, false);
  }

  private end(half: ExtFields, verdict: number, fromCheck: boolean): void {
    const { tranStateTableOffset, commitLogOffset, msgId } = half;
    const header = {
      producerGroup: GROUP,
      ...{ tranStateTableOffset, commitLogOffset, msgId },
      commitOrRollback: String(verdict),
      fromTransactionCheck: String(fromCheck),
    };
    const address = this.master();
    if (address === undefined) return;
    const request = { code: RequestCode.END_TRANSACTION, header };
    // Now and then twice: networks and clients do that.
    for (let i = this.chance(5) === 0 ? 2 : 1; i > 0; i--) void this.client.oneway(address, request).catch(() => {});
  }

  private async ask(code: number, header: ExtFields, body?: Buffer) {
    const address = this.master();
    if (address === undefined) return undefined;
    const request = body === undefined ? { code, header } : { code, header, body };
    return this.client.invoke(address, request, TIMEOUT_MS).catch(() => undefined);
  }
}

/** Transactions in a group that loses its master four times. */
export async function runTransactions(seed: number, end: 'kill' | 'crash' | 'partition'): Promise<TransactionalRun> {
  const cluster = new SimulatedCluster({
    seed,
    brokerProperties: {
      flushDiskType: end === 'crash' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
      transactionTimeOut: '400',
      transactionCheckInterval: '700',
      transactionCheckMax: '1000',
    },
  });
  const chance = (limit: number): number => Math.floor(cluster.world.random.next() * limit);
  await cluster.start();
  await cluster.createTopic(TOPIC, 1);
  const teller = new Teller(cluster.client('teller'), chance, () => cluster.master?.address);
  const { world } = cluster;
  let over = false;
  const every = (ms: () => number, work: () => Promise<void>): void => {
    const again = (): void => {
      if (over) return;
      void work().finally(() => world.after(ms(), again));
    };
    again();
  };
  every(
    () => 500,
    () => teller.heartbeat(),
  );
  let sending = true;
  every(
    () => 5 + chance(60),
    () => (sending ? teller.transact() : Promise.resolve()),
  );

  for (let round = 0; round < 4; round++) {
    await world.run(500 + chance(3000));
    const master = cluster.master?.name;
    if (master === undefined) continue;
    const epoch = cluster.groupState()?.masterEpoch ?? 0;
    if (end === 'partition') {
      const rest = cluster.nodes.map(({ name }) => name).filter((name) => name !== master);
      cluster.partition([master], rest);
    } else cluster[end](master);
    await cluster.until('another master', 60_000, () => (cluster.groupState()?.masterEpoch ?? 0) > epoch);
    await world.run(chance(2500));
    if (end === 'partition') cluster.heal();
    else cluster.restart(master);
    await cluster.until('the group is complete', 60_000, () => cluster.isComplete());
  }
  sending = false;
  const store = () => (cluster.master?.service as Broker).store;
  const unsettled = (): number => {
    const offsets = (cluster.master?.service as unknown as { offsets: { query(...at: unknown[]): number } }).offsets;
    return store().maxOffsetInQueue(HALF_TOPIC, 0) - (offsets.query(HALF_TOPIC, 'CID_RMQ_SYS_TRANS', 0) ?? 0);
  };
  await world.run(60_000, () => unsettled() === 0);
  await world.run(12_000);
  over = true;
  const keysOf = (verdict: number): string[] =>
    [...teller.wanted].filter(([, wanted]) => wanted === verdict).map(([key]) => key);
  return {
    committed: keysOf(COMMIT),
    others: keysOf(ROLLBACK),
    visible: bodiesOf(store()),
    unsettled: unsettled(),
  };
}

/**
 * A former process, or a Java broker, stored the real message of a transaction and died before it wrote that down; the producer
 * is asked again and says the same. @returns the bodies in the topic
 */
export async function runHalfWrittenCommit(): Promise<string[]> {
  const one = new OneBroker(1);
  await one.start();
  const properties = pair('TRAN_MSG', 'true') + pair('PGROUP', GROUP) + pair('UNIQ_KEY', 'key');
  const { queueOffset, msgId = '' } = await one.send(TOPIC, 'paid', properties);
  const { physicalOffset } = parseOffsetMessageId(msgId);
  const { store } = one.broker as Broker;
  const half = decodeMessage(store.messageAt(physicalOffset) as Buffer);
  const real = { topic: TOPIC, queueId: 0, sysFlag: COMMIT, preparedTransactionOffset: physicalOffset };
  expect(store.put({ ...half, ...real }).status).toBe('PUT_OK');
  await one.world.run(1000);
  one.kill();
  await one.start();
  const end = { producerGroup: GROUP, tranStateTableOffset: queueOffset, commitLogOffset: String(physicalOffset) };
  await one.ask(RequestCode.END_TRANSACTION, {
    ...end,
    commitOrRollback: String(COMMIT),
    fromTransactionCheck: 'true',
  });
  await one.world.run(1000);
  const found = bodies(one.messages(TOPIC));
  await one.stop();
  return found;
}

/** Large half messages of a producer that never decides. @returns how many it was asked about in the first round */
export async function runLargeQuestions(count: number, bytes: number): Promise<number> {
  const one = new OneBroker(1, {
    mappedFileSizeCommitLog: String(64 << 20),
    transactionTimeOut: '1000',
    transactionCheckInterval: '60000',
  });
  await one.start();
  const asked = new Set<string | undefined>();
  one.onQuestion(RequestCode.CHECK_TRANSACTION_STATE, ({ msgId }) => asked.add(msgId));
  const body = writeJson({ clientID: 'teller', producerDataSet: [{ groupName: GROUP }], consumerDataSet: [] });
  await one.ask(RequestCode.HEART_BEAT, {}, body);
  for (let i = 0; i < count; i++) {
    const properties = pair('TRAN_MSG', 'true') + pair('PGROUP', GROUP) + pair('UNIQ_KEY', `t${i}`);
    await one.send(TOPIC, 'x'.repeat(bytes), properties);
  }
  await one.world.run(60_000, () => asked.size > 0);
  await one.world.run(5_000);
  await one.stop();
  return asked.size;
}

/** A transaction that is to be committed while too few replicas are in sync, and nobody carries it out. @returns the bodies in the topic */
export async function runTooFewReplicas(): Promise<string[]> {
  const checks = { transactionTimeOut: '400', transactionCheckInterval: '700', transactionCheckMax: '2' };
  const brokerProperties = { ...checks, minInSyncReplicas: '2', haMaxTimeSlaveNotCatchup: '2000' };
  const cluster = new SimulatedCluster({ seed: 1, brokers: 2, brokerProperties });
  await cluster.start();
  await cluster.createTopic(TOPIC, 1);
  const forgets = (limit: number): number => (limit === 3 ? 1 : 0);
  const teller = new Teller(cluster.client('teller'), forgets, () => cluster.master?.address);
  let sent = false;
  void teller.transact().then(() => (sent = true));
  await cluster.until('the half message is there', 10_000, () => sent);
  const slave = cluster.brokers.find(({ name }) => name !== cluster.master?.name);
  cluster.kill(slave?.name ?? '');
  await cluster.until('the master is alone', 30_000, () => cluster.groupState()?.syncStateSet.length === 1);
  for (let round = 0; round < 60; round++) {
    void teller.heartbeat();
    await cluster.world.run(500);
  }
  cluster.restart(slave?.name ?? '');
  await cluster.until('the group is complete', 60_000, () => cluster.isComplete());
  for (let round = 0; round < 20; round++) {
    void teller.heartbeat();
    await cluster.world.run(500);
  }
  return bodiesOf((cluster.master?.service as Broker).store);
}

/**
 * With ASYNC_FLUSH the power fails some time after a half message, safe for long, was committed: the commit may be lost, the
 * transaction may not. The producer says it again. @returns the bodies in the topic
 */
export async function runPowerLoss(seed: number): Promise<string[]> {
  const one = new OneBroker(seed, { flushDiskType: 'ASYNC_FLUSH' });
  await one.start();
  const properties = pair('TRAN_MSG', 'true') + pair('PGROUP', GROUP) + pair('UNIQ_KEY', 'key');
  const { queueOffset, msgId = '' } = await one.send(TOPIC, 'paid', properties);
  await one.world.run(11_000); // flushCommitLogThoroughInterval
  const commitLogOffset = String(parseOffsetMessageId(msgId).physicalOffset);
  const end = { producerGroup: GROUP, tranStateTableOffset: queueOffset, commitLogOffset };
  const commit = () => one.ask(RequestCode.END_TRANSACTION, { ...end, commitOrRollback: String(COMMIT) });
  await commit();
  await one.world.run(Math.floor(one.world.random.next() * 15_000));
  one.crash();
  await one.start();
  await commit();
  await one.world.run(1000);
  const found = bodies(one.messages(TOPIC));
  await one.stop();
  return found;
}

function bodiesOf(store: Broker['store']): string[] {
  const bodies: string[] = [];
  for (let at = 0; at < store.maxOffsetInQueue(TOPIC, 0);) {
    const found = store.getMessages(TOPIC, 0, at, 32, 1 << 20);
    for (const bytes of found.messages) bodies.push(...decodeMessages(bytes).map(({ body }) => String(body)));
    at = Math.max(at + 1, found.nextBeginOffset);
  }
  return bodies;
}

/** Committed ones that are missing, those that are there twice, and those that should not be there. */
export function verdictOf({ committed, visible, unsettled }: TransactionalRun) {
  const wanted = new Set(committed);
  return {
    lost: committed.filter((key) => !visible.includes(key)),
    twice: visible.filter((key, i) => visible.indexOf(key) !== i),
    unwanted: visible.filter((key) => !wanted.has(key)),
    unsettled,
  };
}
