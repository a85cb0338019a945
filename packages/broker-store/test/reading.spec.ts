import { type Host, nodeHost, silentLog } from '@batonmq/host';
import { bodiesOf } from './check-store';
import { MemoryDisk } from './memory-disk';
import { Fixture, message, testOptions } from './store-fixture';
import { MessageStore } from '../src/index';

async function open(disk = new MemoryDisk(), more = {}, wallMs?: () => number): Promise<Fixture> {
  const host: Host = { ...nodeHost(silentLog), files: disk.boot() };
  return Fixture.open('/store', more, wallMs === undefined ? host : { ...host, clock: { ...host.clock, wallMs } });
}

describe('getMessages', () => {
  it('answers each row of the table', async () => {
    const { store, ...f } = await open();
    expect(store.getMessages('T', 0, 0, 32, 1000)).toMatchObject({
      status: 'NO_MATCHED_LOGIC_QUEUE',
      nextBeginOffset: 0,
    });
    for (let i = 0; i < 3; i++) store.put(message('T', 0, `m${i}`, { properties: `TAGS\u0001t${i}\u0002` }));
    expect(store.getMessages('T', 0, 0, 32, 1000).status).toBe('NO_MESSAGE_IN_QUEUE');
    await store.whenDispatched(store.log.maxOffset());
    expect(store.getMessages('T', 0, -1, 32, 1000)).toMatchObject({ status: 'OFFSET_TOO_SMALL', nextBeginOffset: 0 });
    expect(store.getMessages('T', 0, 3, 32, 1000)).toMatchObject({ status: 'OFFSET_OVERFLOW_ONE', nextBeginOffset: 3 });
    expect(store.getMessages('T', 0, 4, 32, 1000)).toMatchObject({
      status: 'OFFSET_OVERFLOW_BADLY',
      nextBeginOffset: 3,
    });
    const none = store.getMessages('T', 0, 0, 32, 1000, { matchesTags: () => false });
    expect(none).toMatchObject({ status: 'NO_MATCHED_MESSAGE', nextBeginOffset: 3, count: 0 });
    let asked = 0;
    const second = store.getMessages('T', 0, 0, 32, 1000, { matchesMessage: () => ++asked === 2 });
    expect(second).toMatchObject({ status: 'FOUND', nextBeginOffset: 3, count: 1 });
    await store.stop();
    void f;
  });

  it('stops at each limit, but never before the first message', async () => {
    const { store, ...f } = await open();
    for (let i = 0; i < 1000; i++) store.put(message('T', 0, Buffer.alloc(20)));
    store.put(message('Big', 0, Buffer.alloc(30_000)));
    store.put(message('Big', 0, Buffer.alloc(30_000)));
    await store.whenDispatched(store.log.maxOffset());
    expect(store.getMessages('T', 0, 0, 5, 1 << 20)).toMatchObject({ count: 5, nextBeginOffset: 5 });
    expect(store.getMessages('T', 0, 0, 100, 1 << 20)).toMatchObject({ count: 32, nextBeginOffset: 32 });
    expect(store.getMessages('T', 0, 0, 32, 250)).toMatchObject({ count: 2, nextBeginOffset: 2 });
    expect(store.getMessages('Big', 0, 0, 32, 1)).toMatchObject({ count: 1, nextBeginOffset: 1 });
    const look = store.getMessages('T', 0, 0, 32, 1 << 20, { matchesTags: () => false });
    expect(look).toMatchObject({ status: 'NO_MATCHED_MESSAGE', nextBeginOffset: 800 });
    await store.stop();
    void f;
  });

  it('slices stay true when the tail cache has moved on', async () => {
    const { store, ...f } = await open(new MemoryDisk(), { tailCacheBytes: 64 << 10 });
    const fixture = f as Fixture;
    void fixture;
    store.put(message('T', 0, 'kept'));
    await store.whenDispatched(store.log.maxOffset());
    const slice = store.getMessages('T', 0, 0, 1, 1000).messages[0] as Buffer;
    const copy = Buffer.from(slice);
    for (let i = 0; i < 400; i++) {
      store.put(message('T', 1, Buffer.alloc(1000, i)));
      if (i % 20 === 0) await store.whenDurable(store.log.maxOffset());
    }
    await store.whenDispatched(store.log.maxOffset());
    expect(slice.equals(copy)).toBe(true);
    expect(store.getMessages('T', 0, 0, 1, 1000).messages[0]?.equals(copy)).toBe(true);
    await store.stop();
  });
});

describe('offsetByTime', () => {
  it('finds first and last at equal times', async () => {
    let now = 10;
    const { store, ...f } = await open(new MemoryDisk(), {}, () => now);
    for (const time of [10, 10, 30]) {
      now = time;
      store.put(message('T', 0, 'x'));
      await store.whenDispatched(store.log.maxOffset());
    }
    const at = (time: number): number[] => [
      store.offsetByTime('T', 0, time, 'LOWER'),
      store.offsetByTime('T', 0, time, 'UPPER'),
    ];
    expect([at(10), at(20), at(40), at(5)]).toEqual([
      [0, 1],
      [2, 1],
      [3, 2],
      [0, 0],
    ]);
    expect(store.earliestTime('T', 0)).toBe(10);
    expect(store.earliestTime('T', 9)).toBe(-1);
    await store.stop();
    void f;
  });
});

describe('queryByKey', () => {
  it('finds each key once over many index files, also after a crash', async () => {
    const disk = new MemoryDisk();
    const first = await open(disk);
    for (let i = 0; i < 1000; i++)
      first.store.put(message('T', 0, `m${i}`, { properties: `KEYS\u0001k${i}  both\u0002` }));
    await first.store.whenDispatched(first.store.log.maxOffset());
    expect(disk.paths().filter((path) => path.includes('/index/')).length).toBeGreaterThan(3);
    const hits = (store: MessageStore): number[] =>
      [0, 501, 999].map((i) => store.queryByKey('T', `k${i}`, 9, 0, 2 ** 50).records.length);
    expect(hits(first.store)).toEqual([1, 1, 1]);
    expect(first.store.queryByKey('T', 'both', 64, 0, 2 ** 50).records).toHaveLength(64);
    expect(first.store.queryByKey('U', 'k501', 9, 0, 2 ** 50).records).toHaveLength(0);
    await first.kill();
    disk.kill();
    const again = await open(disk);
    expect(hits(again.store)).toEqual([1, 1, 1]);
    await again.store.log.truncate(0);
    again.store.put(message('T', 0, 'new', { properties: 'KEYS\u0001k501\u0002' }));
    await again.store.whenDispatched(again.store.log.maxOffset());
    expect(again.store.queryByKey('T', 'k501', 9, 0, 2 ** 50).records).toHaveLength(1);
    await again.store.stop();
  });

  it('does not confuse keys of one hash', async () => {
    const { store, ...f } = await open();
    store.put(message('T', 0, 'a', { properties: 'KEYS\u0001Aa\u0002' }));
    store.put(message('T', 0, 'b', { properties: 'KEYS\u0001BB\u0002' }));
    await store.whenDispatched(store.log.maxOffset());
    expect(store.queryByKey('T', 'Aa', 9, 0, 2 ** 50).records).toHaveLength(1);
    await store.stop();
    void f;
  });
});

describe('a replica that joins late', () => {
  it('fills its queues up to the first offset and reads from there', async () => {
    const master = await open(new MemoryDisk(), { mappedFileSizeCommitLog: 2048 });
    for (let i = 0; i < 150; i++) await master.put(message('T', 0, `m${i}`));
    const disk = new MemoryDisk();
    const late = await open(disk, { mappedFileSizeCommitLog: 2048, enableControllerMode: true });
    const from = master.store.log;
    const to = late.store.log;
    for (let at = 4096; at < from.maxOffset(); at = to.maxOffset()) to.append(at, from.read(at, 700) as Buffer);
    to.setConfirmOffset(to.maxOffset());
    await late.store.whenDispatched(to.maxOffset());
    const wanted = bodiesOf(master.store, 'T', 0).slice(late.store.minOffsetInQueue('T', 0));
    expect(wanted.length).toBeGreaterThan(50);
    expect(bodiesOf(late.store, 'T', 0)).toEqual(wanted);
    await late.store.stop();
    disk.kill();
    const again = await open(disk, { mappedFileSizeCommitLog: 2048, enableControllerMode: true });
    expect(again.store.log.minOffset()).toBe(4096);
    expect(bodiesOf(again.store, 'T', 0)).toEqual(wanted);
    await again.store.stop();
    await master.store.stop();
  });
});

it('a store with nothing to do does nothing', async () => {
  const disk = new MemoryDisk();
  const f = await open(disk, { flushDiskType: 'SYNC_FLUSH' });
  await f.put(message('T', 0, 'a'));
  let turns = 0;
  f.store.log.onAppended(() => turns++);
  const { syncs } = disk;
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  expect([disk.syncs, turns]).toEqual([syncs, 0]);
  expect((f.store as unknown as { turn: { pending: boolean } }).turn.pending).toBe(false);
  await f.store.stop();
});

describe('directories of others', () => {
  it.each([
    ['/store/consumequeue/CURRENT', 'RocksDB'],
    ['/store/dledger-n0/data/0', 'DLedger'],
  ])('%s is refused by name', async (path, what) => {
    const disk = new MemoryDisk();
    disk.set(path, Buffer.alloc(1));
    const store = new MessageStore({ ...nodeHost(silentLog), files: disk.boot() }, testOptions('/store'));
    await expect(store.load()).rejects.toMatchObject({
      code: 'STORE_UNSUPPORTED',
      message: expect.stringContaining(what),
    });
  });

  it('a second store is refused before it reads anything', async () => {
    const disk = new MemoryDisk();
    const f = await open(disk);
    const store = new MessageStore({ ...nodeHost(silentLog), files: disk.boot() }, testOptions('/store'));
    await expect(store.load()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await f.store.stop();
  });
});
