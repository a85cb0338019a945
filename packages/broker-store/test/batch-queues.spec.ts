import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MessageInput, type StoreOptions, decodeMessage, decodeProperties, javaHash } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

const INNER_BATCH = 0x80 | 0x40;
const BATCH: Partial<StoreOptions> = {
  isBatchTopic: (topic) => topic.startsWith('B'),
  mapperFileSizeBatchConsumeQueue: 46 * 10,
};
const pair = (name: string, value: string): string => `${name}\u0001${value}\u0002`;

/** An inner batch of `count` messages; what its body looks like is the client's business. */
const batch = (topic: string, count: number, more: Partial<MessageInput> = {}): MessageInput =>
  message(topic, 0, `batch of ${count}`, {
    sysFlag: INNER_BATCH,
    properties: pair('UNIQ_KEY', `k-${count}`) + pair('INNER_NUM', String(count)),
    ...more,
  });

interface Read {
  readonly bodies: string[];
  readonly next: number;
  readonly count: number;
}

function read({ store }: Fixture, topic: string, offset: number, maxCount = 1000): Read {
  const found = store.getMessages(topic, 0, offset, maxCount, 1 << 20);
  const bodies: string[] = [];
  for (const bytes of found.messages) {
    for (let at = 0; at < bytes.length; at += decodeMessage(bytes, at).totalSize)
      bodies.push(decodeMessage(bytes, at).body.toString());
  }
  return { bodies, next: found.nextBeginOffset, count: found.count };
}

describe('batch queues', () => {
  afterAll(removeTempRoots);

  it('give a batch as many offsets as it has messages, and one unit', async () => {
    const root = tempRoot();
    const one = await Fixture.open(root, BATCH);
    const results = [batch('B', 3), message('B', 0, 'single', { properties: pair('TAGS', 'red') }), batch('B', 5)].map(
      (each) => one.store.put(each),
    );
    await one.put(batch('B', 2));
    expect(results.map(({ status, queueOffset }) => [status, queueOffset])).toEqual([
      ['PUT_OK', 0],
      ['PUT_OK', 3],
      ['PUT_OK', 4],
    ]);
    expect([one.store.minOffsetInQueue('B', 0), one.store.maxOffsetInQueue('B', 0)]).toEqual([0, 11]);
    expect(read(one, 'B', 0)).toEqual({
      bodies: ['batch of 3', 'single', 'batch of 5', 'batch of 2'],
      next: 11,
      count: 11,
    });
    const stored = decodeMessage(one.store.messageAt(results[2]?.physicalOffset ?? -1) as Buffer);
    expect(stored.queueOffset).toBe(4);
    expect(decodeProperties(stored.properties).get('INNER_BASE')).toBe('4');
    await one.store.stop();
    // store-format.md 3.6
    const units = readFileSync(join(root, 'batchconsumequeue/B/0/00000000000000000000'));
    const single = units.subarray(46, 92);
    expect([0, 12, 20, 28].map((at) => Number(single.readBigInt64BE(at)))).toEqual([
      results[1]?.physicalOffset,
      javaHash('red'),
      results[1]?.storeTimestamp,
      3,
    ]);
    expect([single.readInt32BE(8), single.readInt16BE(36), single.readInt32BE(38), single.readInt32BE(42)]).toEqual([
      (results[1]?.endOffset ?? 0) - (results[1]?.physicalOffset ?? 0),
      1,
      -1,
      0,
    ]);
    expect(Number(units.readBigInt64BE(92 + 28))).toBe(4);
    expect(units.readInt16BE(92 + 36)).toBe(5);
    expect(existsSync(join(root, 'consumequeue/B'))).toBe(false);
  });

  it('give the whole batch to who asks inside it, and at most what is asked for', async () => {
    const one = await Fixture.open(tempRoot(), BATCH);
    for (const count of [3, 5, 2]) await one.put(batch('B', count));
    expect(read(one, 'B', 1)).toMatchObject({ bodies: ['batch of 3', 'batch of 5', 'batch of 2'], next: 10 });
    expect(read(one, 'B', 7)).toMatchObject({ bodies: ['batch of 5', 'batch of 2'], next: 10 });
    expect(read(one, 'B', 3, 6)).toEqual({ bodies: ['batch of 5'], next: 8, count: 5 });
    expect(read(one, 'B', 3, 1)).toEqual({ bodies: ['batch of 5'], next: 8, count: 5 });
    expect(one.store.getMessages('B', 0, 10, 1, 1).status).toBe('OFFSET_OVERFLOW_ONE');
    expect(one.store.getMessages('B', 0, 11, 1, 1)).toMatchObject({
      status: 'OFFSET_OVERFLOW_BADLY',
      nextBeginOffset: 10,
    });
    expect(one.store.timeAt('B', 0, 4)).toBeGreaterThan(0);
    expect(one.store.offsetByTime('B', 0, 0, 'LOWER')).toBe(0);
    expect(one.store.offsetByTime('B', 0, 2 ** 50, 'LOWER')).toBe(10);
    expect(one.store.offsetByTime('B', 0, 2 ** 50, 'UPPER')).toBe(8);
    await one.store.stop();
  });

  it.each([
    ['a batch for an ordinary topic', batch('T', 2)],
    ['INNER_NUM without the flag', batch('B', 2, { sysFlag: 0 })],
    ['the flag without INNER_NUM', batch('B', 2, { properties: '' })],
    ['nonsense in INNER_NUM', batch('B', 2, { properties: pair('INNER_NUM', 'many') })],
    ['more than a unit can tell', batch('B', 32_768)],
  ])('refuse %s', async (_what, wrong) => {
    const one = await Fixture.open(tempRoot(), BATCH);
    expect(one.store.put(wrong).status).toBe('MESSAGE_ILLEGAL');
    await one.put(batch('B', 2), message('T', 0, 'fine'));
    await one.store.stop();
  });

  it.each(['stop', 'kill'])(
    'go on where they were after a %s, over files and with ordinary topics between',
    async (end) => {
      const root = tempRoot();
      let one = await Fixture.open(root, BATCH);
      let expected = 0;
      for (let i = 0; i < 57; i++) {
        await one.put(batch('B', 1 + (i % 7)), message('T', 0, `${i}`), message('B', 0, `single ${i}`));
        expected += 2 + (i % 7);
      }
      if (end === 'stop') await one.store.stop();
      else await one.kill();
      one = await Fixture.open(root, BATCH);
      expect([one.store.maxOffsetInQueue('B', 0), one.store.maxOffsetInQueue('T', 0)]).toEqual([expected, 57]);
      expect(one.store.put(batch('B', 4)).queueOffset).toBe(expected);
      await one.put(message('B', 0, 'last'));
      expect(read(one, 'B', expected - 1).bodies).toEqual(['single 56', 'batch of 4', 'last']);
      let all = 0;
      for (let at = 0; at < one.store.maxOffsetInQueue('B', 0);) {
        const { next, count } = read(one, 'B', at, 10);
        all += count;
        at = next;
      }
      expect(all).toBe(expected + 5);
      await one.store.stop();
    },
  );

  it('are rebuilt when they are gone and the stop was not clean', async () => {
    const root = tempRoot();
    let one = await Fixture.open(root, BATCH);
    for (let i = 0; i < 30; i++) await one.put(batch('B', 3));
    await one.kill();
    writeFileSync(join(root, 'batchconsumequeue/B/0/00000000000000000000'), Buffer.alloc(460));
    one = await Fixture.open(root, BATCH);
    expect(one.store.maxOffsetInQueue('B', 0)).toBe(90);
    expect(read(one, 'B', 0, 90).count).toBe(90);
    await one.store.stop();
  });

  it('are cut with the log', async () => {
    const one = await Fixture.open(tempRoot(), { ...BATCH, enableControllerMode: true });
    const first = await one.put(batch('B', 3));
    for (let i = 0; i < 20; i++) await one.put(batch('B', 2));
    one.store.log.setConfirmOffset(one.store.log.maxOffset());
    await one.store.whenDispatched(one.store.log.maxOffset());
    expect(one.store.maxOffsetInQueue('B', 0)).toBe(43);
    await one.store.log.truncate(first);
    expect(one.store.maxOffsetInQueue('B', 0)).toBe(3);
    expect(one.store.put(batch('B', 2)).queueOffset).toBe(3);
    await one.store.stop();
  });

  // Known loss `shared-queue-offset`, for batch queues.
  it('give no offset twice, those above the confirm offset included', async () => {
    const root = tempRoot();
    const options = { ...BATCH, enableControllerMode: true };
    let one = await Fixture.open(root, options);
    one.store.log.setConfirmOffset(await one.put(batch('B', 3)));
    await one.put(batch('B', 4));
    await one.kill();
    one = await Fixture.open(root, options);
    expect(one.store.put(batch('B', 2)).queueOffset).toBe(7);
    await one.store.stop();
  });

  it('store a client batch without a key of its own message by message', async () => {
    const one = await Fixture.open(tempRoot(), BATCH);
    const body = Buffer.alloc(2 * 23);
    for (const at of [0, 23]) {
      body.writeInt32BE(23, at);
      body.writeInt32BE(1, at + 16);
      body.write('x', at + 20);
    }
    const result = one.store.putBatch(message('B', 0, body));
    await one.put(batch('B', 2));
    expect([result.status, result.queueOffset, read(one, 'B', 0).count]).toEqual(['PUT_OK', 0, 4]);
    await one.store.stop();
  });

  it('and ordinary ones of one topic are not taken for good', async () => {
    const root = tempRoot();
    const one = await Fixture.open(root, BATCH);
    await one.put(batch('B', 3));
    await one.store.stop();
    mkdirSync(join(root, 'consumequeue/B/0'), { recursive: true });
    await expect(Fixture.open(root, BATCH)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('go with their topic', async () => {
    const root = tempRoot();
    const one = await Fixture.open(root, BATCH);
    await one.put(batch('B', 3));
    one.store.deleteTopic('B');
    expect(existsSync(join(root, 'batchconsumequeue/B'))).toBe(false);
    await one.put(batch('B', 2));
    expect(one.store.maxOffsetInQueue('B', 0)).toBe(2);
    await one.store.stop();
  });
});
