import { decodeMessage } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

function bodies(found: { messages: readonly Buffer[] }): string[] {
  const list: string[] = [];
  for (const slice of found.messages) {
    for (let at = 0; at < slice.length;) {
      const each = decodeMessage(slice, at);
      list.push(each.body.toString());
      at += each.totalSize;
    }
  }
  return list;
}

describe('MessageStore', () => {
  it('puts, writes at the end of the turn, dispatches, reads', async () => {
    const { store, ...f } = await Fixture.open(tempRoot());
    const first = store.put(
      message('T', 3, 'one', { properties: 'TAGS\u0001TagA\u0002KEYS\u0001k1 k2\u0002UNIQ_KEY\u0001u1\u0002' }),
    );
    expect(first).toMatchObject({ status: 'PUT_OK', physicalOffset: 0, queueOffset: 0 });
    expect(first.messageIds).toBe('C0A8000A00002A9F0000000000000000');
    const second = store.put(message('T', 3, 'two'));
    expect(second.queueOffset).toBe(1);
    expect(store.log.writtenOffset()).toBe(0);
    expect(store.log.maxOffset()).toBe(second.endOffset);
    await store.whenDurable(second.endOffset);
    await store.whenDispatched(second.endOffset);
    const found = store.getMessages('T', 3, 0, 32, 1 << 20);
    expect(found).toMatchObject({ status: 'FOUND', nextBeginOffset: 2, minOffset: 0, maxOffset: 2, count: 2 });
    expect(found.messages).toHaveLength(1);
    expect(bodies(found)).toEqual(['one', 'two']);
    for (const key of ['k1', 'k2', 'u1']) {
      expect(store.queryByKey('T', key, 10, 0, Number.MAX_SAFE_INTEGER).records).toHaveLength(1);
    }
    expect(store.queryByKey('T', 'k3', 10, 0, Number.MAX_SAFE_INTEGER).records).toHaveLength(0);
    await store.stop();
    void f;
  });

  it.each(['stop', 'kill'] as const)('comes back after %s with every message, over many files', async (how) => {
    const root = tempRoot();
    const { store, kill, ...rest } = await Fixture.open(root);
    const wanted: string[] = [];
    for (let i = 0; i < 1000; i++) wanted.push(`message ${i} ${'x'.repeat(i % 300)}`);
    let end = 0;
    for (const each of wanted)
      end = store.put(message('T', 1, each, { properties: `KEYS\u0001${each.slice(0, 12)}\u0002` })).endOffset;
    await store.whenDispatched(end);
    await (how === 'stop' ? store.stop() : kill());
    void rest;
    const again = await Fixture.open(root);
    expect(again.store.log.maxOffset()).toBe(end);
    expect(again.store.maxOffsetInQueue('T', 1)).toBe(1000);
    const read: string[] = [];
    for (let offset = 0; offset < 1000;) {
      const found = again.store.getMessages('T', 1, offset, 32, 1 << 20);
      expect(found.status).toBe('FOUND');
      read.push(...bodies(found));
      offset = found.nextBeginOffset;
    }
    expect(read).toEqual(wanted);
    expect(again.store.queryByKey('T', 'message 999 ', 4, 0, 2 ** 50).records).toHaveLength(0);
    expect(again.store.queryByKey('T', '999', 4, 0, 2 ** 50).records).toHaveLength(1);
    await again.put(message('T', 1, 'after'));
    expect(bodies(again.store.getMessages('T', 1, 1000, 32, 1000))).toEqual(['after']);
    await again.store.stop();
  });

  it('replicates raw bytes, sees what is confirmed, and cuts', async () => {
    const master = await Fixture.open(tempRoot());
    const ends: number[] = [];
    for (let i = 0; i < 600; i++)
      ends.push(master.store.put(message('T', i % 4, `m${i}${'y'.repeat(i % 200)}`)).endOffset);
    await master.store.whenDurable(ends.at(-1) as number);
    const root = tempRoot();
    const slave = await Fixture.open(root, { enableControllerMode: true });
    const from = master.store.log;
    const to = slave.store.log;
    for (let at = 0; at < from.maxOffset();) {
      const bytes = from.read(at, 5000) as Buffer;
      to.append(at, bytes);
      at += bytes.length;
    }
    expect(to.maxOffset()).toBe(from.maxOffset());
    expect(slave.store.maxOffsetInQueue('T', 0)).toBe(0);
    to.setConfirmOffset(ends[99] as number);
    await slave.store.whenDispatched(ends[99] as number);
    expect(slave.store.maxOffsetInQueue('T', 0)).toBe(25);
    to.rebuildQueueOffsets();
    await expect(to.truncate((ends[300] as number) + 3)).rejects.toMatchObject({ code: 'NOT_A_MESSAGE_BOUNDARY' });
    await to.truncate(ends[300] as number);
    expect(to.maxOffset()).toBe(ends[300]);
    expect(to.confirmOffset()).toBe(ends[99]);
    await slave.kill();
    const again = await Fixture.open(root, { enableControllerMode: true });
    expect(again.store.log.maxOffset()).toBe(ends[300]);
    expect(again.store.put(message('T', 3, 'new')).queueOffset).toBe(75);
    await again.store.stop();
    await master.store.stop();
  });
});
