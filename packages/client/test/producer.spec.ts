import { nodeHost, silentLog } from '@batonmq/host';
import { ResponseCode, decodeMessages } from '@batonmq/remoting';
import { ClientError, Producer, type ProducerOptions } from '../src';
import { FakeCluster } from './fake-cluster';

describe('Producer', () => {
  jest.setTimeout(60_000);
  let cluster: FakeCluster;
  let producer: Producer;
  const make = (options: Partial<ProducerOptions> = {}): Producer =>
    new Producer(nodeHost(silentLog), {
      nameServers: cluster.address,
      attemptTimeoutMs: 20_000,
      sendTimeoutMs: 30_000,
      retryPauseMs: 1,
      ...options,
    });

  beforeEach(async () => {
    cluster = new FakeCluster('Orders');
    await cluster.server.start();
    producer = make();
  });
  afterEach(async () => {
    await producer.stop();
    await cluster.server.stop();
  });

  it('sends what it was given, to the queues in turn', async () => {
    cluster.queues = 2;
    const message = { topic: 'Orders', body: Buffer.from('b'), tags: 'red', keys: 'k', properties: { mine: '1' } };
    const receipts = [await producer.send(message), await producer.send(message), await producer.send(message)];
    expect(receipts.map(({ queueId, queueOffset }) => [queueId, queueOffset])).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
    ]);
    expect(new Set(receipts.map((receipt) => receipt.uniqueKey)).size).toBe(3);
    expect(receipts[0]).toMatchObject({ brokerName: 'b', messageId: 'ID0', attempts: 1 });
    const [stored] = decodeMessages(Buffer.concat(cluster.store.from(1, 0)));
    const properties = Object.fromEntries(stored?.properties ?? []);
    expect(properties).toMatchObject({ TAGS: 'red', KEYS: 'k', mine: '1', UNIQ_KEY: receipts[1]?.uniqueKey });
  });

  it.each([
    ['SYSTEM_ERROR', ResponseCode.SYSTEM_ERROR],
    ['SYSTEM_BUSY', ResponseCode.SYSTEM_BUSY],
    ['SERVICE_NOT_AVAILABLE', ResponseCode.SERVICE_NOT_AVAILABLE],
    ['NO_PERMISSION', ResponseCode.NO_PERMISSION],
    ['FLUSH_DISK_TIMEOUT', ResponseCode.FLUSH_DISK_TIMEOUT],
    ['FLUSH_SLAVE_TIMEOUT', ResponseCode.FLUSH_SLAVE_TIMEOUT],
  ])('tries again after %s, with a fresh route', async (_name, code) => {
    cluster.refusals.push({ code, remark: 'not now' }, { code, remark: 'not now' });
    const receipt = await producer.send({ topic: 'Orders', body: Buffer.from('b') });
    expect(receipt.attempts).toBe(3);
    expect(cluster.routeQuestions).toBe(3);
  });

  it('gives up at once when the broker refuses for good', async () => {
    cluster.refusals.push({ code: ResponseCode.MESSAGE_ILLEGAL, remark: 'too large' });
    const sending = producer.send({ topic: 'Orders', body: Buffer.from('b') });
    await expect(sending).rejects.toThrow('too large');
    expect(cluster.sends).toBe(1);
  });

  it('says why nothing could be sent in time', async () => {
    const impatient = make({ sendTimeoutMs: 50 });
    const error: unknown = await impatient.send({ topic: 'Nowhere', body: Buffer.from('b') }).catch((e) => e);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ code: 'SEND_FAILED', message: expect.stringContaining('Nowhere') as string });
    await impatient.stop();
  });

  it('asks the name server that answers', async () => {
    const patient = make({ nameServers: `127.0.0.1:1;${cluster.address}` });
    expect((await patient.send({ topic: 'Orders', body: Buffer.from('b') })).queueOffset).toBe(0);
    await patient.stop();
  });
});
