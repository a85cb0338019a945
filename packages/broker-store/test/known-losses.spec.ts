import { nodeHost, silentLog } from '@batonmq/host';
import { bodiesOf } from './check-store';
import { MemoryDisk } from './memory-disk';
import { Fixture, message } from './store-fixture';

const LOG0 = '/store/commitlog/00000000000000000000';

function setUp(): { disk: MemoryDisk; open: (more?: object) => Promise<Fixture> } {
  const disk = new MemoryDisk();
  const open = (more = {}): Promise<Fixture> =>
    Fixture.open('/store', more, { ...nodeHost(silentLog), files: disk.boot() });
  return { disk, open };
}

async function kill(fixture: Fixture, disk: MemoryDisk): Promise<void> {
  await fixture.kill();
  disk.kill();
}

describe('known losses', () => {
  it('poison-property: nonsense in a property never cuts the log', async () => {
    const { disk, open } = setUp();
    const f = await open();
    const poison = 'INNER_BASE\u0001x\u0002';
    // Through a replica, since put itself refuses INNER_NUM: the bytes of a record made with another name.
    await f.put(
      message('T', 0, 'a', { properties: poison }),
      message('T', 0, 'b', { properties: `INNER_NUX\u0001y\u0002${poison}` }),
    );
    await f.put(
      message('T', 0, 'c'),
      message('SCHEDULE_TOPIC_XXXX', 2, 'd', { properties: 'DELAY\u0001soon\u0002' }),
      message('T', 0, 'e'),
    );
    await kill(f, disk);
    const content = disk.content(LOG0) as Buffer;
    content.write('INNER_NUM', content.indexOf('INNER_NUX'));
    const again = await open();
    expect(bodiesOf(again.store, 'T', 0)).toEqual(['a', 'b', 'c', 'e']);
    expect(bodiesOf(again.store, 'SCHEDULE_TOPIC_XXXX', 2)).toEqual(['d']);
    await again.store.stop();
  });

  it('poison-dispatch: content and failing listeners never stop dispatch', async () => {
    const { open } = setUp();
    const f = await open();
    const seen: number[] = [];
    f.store.onArrival(() => {
      throw new Error('planted');
    });
    f.store.onArrival((_topic, _queue, max) => seen.push(max));
    const poison = 'INNER_MULTI_DISPATCH\u0001a\u0002INNER_MULTI_QUEUE_OFFSET\u0001x\u0002';
    await f.put(message('T', 0, 'a', { properties: poison }), message('T', 0, 'b'));
    expect(bodiesOf(f.store, 'T', 0)).toEqual(['a', 'b']);
    expect(seen).toEqual([1, 2]);
    await f.store.stop();
  });

  it.each(['stop', 'kill', 'power'] as const)(
    'cut-comes-back, truncate-then-crash: after %s what was cut stays away',
    async (how) => {
      const { disk, open } = setUp();
      const f = await open({ enableControllerMode: true, mappedFileSizeCommitLog: 2048 });
      const ends: number[] = [];
      for (let i = 0; i < 60; i++) ends.push(await f.put(message('T', 0, `m${i}`)));
      f.store.log.setConfirmOffset(ends[59] as number);
      await f.store.whenDispatched(ends[59] as number);
      await f.store.log.truncate(ends[9] as number);
      if (how === 'stop') await f.store.stop();
      else await f.kill();
      if (how === 'power') disk.powerLoss(() => 0.9);
      else disk.kill();
      const again = await open({ enableControllerMode: true, mappedFileSizeCommitLog: 2048 });
      expect(again.store.log.maxOffset()).toBe(ends[9]);
      again.store.log.setConfirmOffset(ends[9] as number);
      await again.store.whenDispatched(ends[9] as number);
      expect(bodiesOf(again.store, 'T', 0)).toHaveLength(10);
      // A record of the same size in the place of the first one that was cut must not make the second one reappear.
      await again.put(message('T', 0, 'mXX'.slice(0, 3)));
      await kill(again, disk);
      const third = await open({ enableControllerMode: true, mappedFileSizeCommitLog: 2048 });
      expect(third.store.log.maxOffset()).toBe(ends[10]);
      await third.store.stop();
    },
  );

  it('dispatch-off-by-one: a clean start dispatches the first undispatched record', async () => {
    const { disk, open } = setUp();
    const f = await open();
    await f.put(message('T', 0, 'a'), message('T', 0, 'b'), message('T', 1, 'c'));
    await f.store.stop();
    disk.kill();
    // The last unit of queue 1, and so the last record dispatched, never was written.
    (disk.content('/store/consumequeue/T/1/00000000000000000000') as Buffer).fill(0, 0, 20);
    const again = await open();
    expect(bodiesOf(again.store, 'T', 1)).toEqual(['c']);
    expect(again.store.put(message('T', 1, 'd')).queueOffset).toBe(1);
    await again.store.stop();
  });

  it('record-larger-than-file: is refused before it is written', async () => {
    const { open } = setUp();
    const f = await open({ mappedFileSizeCommitLog: 2048 });
    const before = f.store.log.maxOffset();
    expect(f.store.put(message('T', 0, Buffer.alloc(2048 - 8 - 92 + 1))).status).toBe('MESSAGE_ILLEGAL');
    expect(f.store.log.maxOffset()).toBe(before);
    expect(f.store.put(message('T', 0, Buffer.alloc(2048 - 8 - 92))).status).toBe('PUT_OK');
    await f.store.stop();
  });

  it.each(['SYNC_FLUSH', 'ASYNC_FLUSH'] as const)(
    'sync-error-swallowed: a failed sync fails those who wait, and nothing is taken (%s)',
    async (flushDiskType) => {
      const { disk, open } = setUp();
      const f = await open({ flushDiskType, flushIntervalCommitLog: 1, flushCommitLogThoroughInterval: 1 });
      await f.put(message('T', 0, 'a'));
      disk.failSyncs();
      const { endOffset } = f.store.put(message('T', 0, 'b'));
      if (flushDiskType === 'SYNC_FLUSH')
        await expect(f.store.whenDurable(endOffset)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      else while (f.store.writable) await new Promise((resolve) => setTimeout(resolve, 1));
      disk.heal();
      expect(f.store.writable).toBe(false);
      expect(f.store.put(message('T', 0, 'c')).status).toBe('SERVICE_NOT_AVAILABLE');
      await expect(f.store.whenDurable(endOffset)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      if (flushDiskType === 'SYNC_FLUSH') expect(bodiesOf(f.store, 'T', 0)).toEqual(['a']);
      await f.store.stop();
      expect(disk.content('/store/abort')).toBeDefined();
    },
  );

  it.each(['DISK_FULL', 'FILE_IO'] as const)(
    'a write that fails (%s) is told, and nothing of it is shown',
    async (code) => {
      const { disk, open } = setUp();
      const f = await open();
      const end = await f.put(message('T', 0, 'a'));
      disk.failWrites(code);
      const { endOffset } = f.store.put(message('T', 0, 'b'));
      await expect(f.store.whenDurable(endOffset)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect(f.store.writable).toBe(false);
      expect(f.store.log.maxOffset()).toBe(end);
      expect(f.store.maxOffsetInQueue('T', 0)).toBe(1);
      disk.heal();
      await kill(f, disk);
      const again = await open();
      expect(bodiesOf(again.store, 'T', 0)).toEqual(['a']);
      expect(again.store.put(message('T', 0, 'c')).queueOffset).toBe(1);
      await again.store.stop();
    },
  );

  it('zero-queue-file: zeros are not units', async () => {
    const { disk, open } = setUp();
    const f = await open();
    for (let i = 0; i < 100; i++) await f.put(message('T', 0, `m${i}`));
    await f.store.stop();
    disk.kill();
    disk.set('/store/consumequeue/T/0/00000000000000002000', Buffer.alloc(2000));
    const again = await open();
    expect(again.store.maxOffsetInQueue('T', 0)).toBe(100);
    expect(again.store.put(message('T', 0, 'x')).queueOffset).toBe(100);
    await again.store.stop();
  });

  it.each([1, 2])('shared-queue-offset: records above the confirm offset keep their numbers (V%d)', async (version) => {
    const topic = version === 1 ? 'T' : `%RETRY%${'g'.repeat(150)}`;
    const { disk, open } = setUp();
    const f = await open({ enableControllerMode: true });
    const first = await f.put(message(topic, 0, 'a'));
    f.store.log.setConfirmOffset(first);
    await f.store.whenDispatched(first);
    await f.put(message(topic, 0, 'b'), message(topic, 0, 'c'));
    await kill(f, disk);
    const again = await open({ enableControllerMode: true });
    expect(again.store.maxOffsetInQueue(topic, 0)).toBe(1);
    expect(again.store.put(message(topic, 0, 'd')).queueOffset).toBe(3);
    again.store.log.setConfirmOffset(again.store.log.maxOffset());
    await again.store.whenDispatched(again.store.log.maxOffset());
    expect(bodiesOf(again.store, topic, 0)).toEqual(['a', 'b', 'c', 'd']);
    await again.store.stop();
  });

  it('quiet-topic-restarts-at-0: the next offset of an expired queue is remembered', async () => {
    const { disk, open } = setUp();
    const f = await open({
      mappedFileSizeCommitLog: 2048,
      deleteWhen: '0;1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23',
    });
    await f.put(message('Quiet', 0, 'a'), message('Quiet', 0, 'b'));
    for (let i = 0; i < 100; i++) await f.put(message('Busy', 0, `m${i}`));
    disk.touch(LOG0, 0);
    (f.store as unknown as { upkeep: { clean(): void } }).upkeep.clean();
    expect(f.store.log.minOffset()).toBe(2048);
    expect(f.store.minOffsetInQueue('Quiet', 0)).toBe(2);
    expect(f.store.getMessages('Quiet', 0, 0, 32, 1000)).toMatchObject({
      status: 'OFFSET_TOO_SMALL',
      nextBeginOffset: 2,
    });
    expect(f.store.minOffsetInQueue('Busy', 0)).toBeGreaterThan(0);
    expect(bodiesOf(f.store, 'Busy', 0).at(-1)).toBe('m99');
    await f.store.stop();
    disk.kill();
    const again = await open({ mappedFileSizeCommitLog: 2048 });
    expect(again.store.put(message('Quiet', 0, 'c')).queueOffset).toBe(2);
    await again.store.stop();
  });

  it('bit-rot-cuts-tail: what is behind a bad record is kept aside', async () => {
    const { disk, open } = setUp();
    const f = await open();
    const first = await f.put(message('T', 0, 'a'));
    await f.put(message('T', 0, 'b'), message('T', 0, 'c'));
    await kill(f, disk);
    const before = Buffer.from((disk.content(LOG0) as Buffer).subarray(first));
    before[88] = (before[88] as number) ^ 1;
    before.copy(disk.content(LOG0) as Buffer, first);
    const again = await open();
    expect(bodiesOf(again.store, 'T', 0)).toEqual(['a']);
    const aside = disk.content(`/store/cut-tail/${String(first).padStart(20, '0')}`) as Buffer;
    expect(aside.subarray(0, 200).equals(before.subarray(0, 200))).toBe(true);
    await again.store.stop();
  });

  it('half-message-takeover: an incomplete tail is cut', async () => {
    const master = setUp();
    const m = await master.open();
    const ends: number[] = [];
    for (let i = 0; i < 5; i++) ends.push(await m.put(message('T', 0, `m${i}`)));
    const { disk, open } = setUp();
    const s = await open({ enableControllerMode: true });
    s.store.log.append(0, m.store.log.read(0, (ends[3] as number) + 20) as Buffer);
    expect(await s.store.log.cutIncompleteTail()).toBe(ends[3]);
    s.store.log.rebuildQueueOffsets();
    s.store.log.setConfirmOffset(s.store.log.maxOffset());
    await s.store.whenDispatched(s.store.log.maxOffset());
    expect(s.store.put(message('T', 0, 'new')).queueOffset).toBe(4);
    await s.store.stop();
    await m.store.stop();
    void disk;
  });

  it('dispatch-delays-switch: queues of a replica keep up, so that taking over waits for little', async () => {
    const MiB = 1 << 20;
    const big = { mappedFileSizeCommitLog: 16 * MiB, mappedFileSizeConsumeQueue: 6_000_000 };
    const m = await setUp().open(big);
    for (let i = 0; i < 50_000; i++) {
      const { endOffset } = m.store.put(message(`T${i % 7}`, i % 3, 'm'.repeat(300)));
      if (i % 1000 === 0) await m.store.whenDurable(endOffset);
    }
    const end = m.store.log.maxOffset();
    await m.store.whenDispatched(end);
    const s = await setUp().open({ ...big, enableControllerMode: true });
    const { log } = s.store;
    let [most, at] = [0, 0];
    while (at < end) {
      // Far more than one turn brings from a network.
      for (const from = at; at < end && at < from + 2 * MiB;) {
        const bytes = m.store.log.read(at, 32 << 10) as Buffer;
        log.append(at, bytes);
        at += bytes.length;
      }
      log.setConfirmOffset(at);
      most = Math.max(most, at - s.store.dispatchedOffset());
      await new Promise(setImmediate);
    }
    expect(end).toBeGreaterThan(18 * MiB);
    expect(most).toBeLessThan(6 * MiB);
    await log.cutIncompleteTail();
    log.rebuildQueueOffsets();
    expect(s.store.put(message('T0', 0, 'new')).queueOffset).toBe(m.store.maxOffsetInQueue('T0', 0));
    await s.store.stop();
    await m.store.stop();
  });

  it('offset-above-log: after a cut, offsets above the end are sent back to it, never past what comes there', async () => {
    const { disk, open } = setUp();
    const f = await open({ enableControllerMode: true });
    const ends: number[] = [];
    for (let i = 0; i < 10; i++) ends.push(await f.put(message('T', 0, `old${i}`)));
    f.store.log.setConfirmOffset(ends[9] as number);
    await f.store.whenDispatched(ends[9] as number);
    const committed = 10;
    await f.store.log.truncate(ends[3] as number);
    const check = (store: Fixture['store']): void => {
      expect(store.maxOffsetInQueue('T', 0)).toBe(4);
      expect(store.getMessages('T', 0, committed, 32, 1 << 20)).toMatchObject({
        status: 'OFFSET_OVERFLOW_BADLY',
        nextBeginOffset: 4,
      });
      expect(store.timeAt('T', 0, committed - 1)).toBe(-1);
    };
    check(f.store);
    await kill(f, disk);
    const again = await open({ enableControllerMode: true });
    check(again.store);
    const end = await again.put(message('T', 0, 'new'));
    again.store.log.setConfirmOffset(end);
    await again.store.whenDispatched(end);
    expect(bodiesOf(again.store, 'T', 0).slice(4)).toEqual(['new']);
    await again.store.stop();
  });

  it.each([
    ['ASYNC_FLUSH', 'kill', 'acknowledged'],
    ['ASYNC_FLUSH', 'power', 'synced'],
    ['SYNC_FLUSH', 'kill', 'acknowledged'],
    ['SYNC_FLUSH', 'power', 'acknowledged'],
  ] as const)('lazy-flush: %s survives %s with all that is %s', async (flushDiskType, how, promise) => {
    const { disk, open } = setUp();
    // Of what was not synced this power loss leaves nothing.
    const nothing = (): number => 0.9;
    const f = await open({ flushDiskType, flushIntervalCommitLog: 60_000 });
    await f.put(message('T', 0, 'a'), message('T', 0, 'b'));
    if (promise === 'synced') {
      // The periodic flush has a bound, and the store says how far it is.
      expect(f.store.status().flushedOffset).toBe(0);
      await f.store.log.truncate(f.store.log.maxOffset());
      expect(f.store.status().flushedOffset).toBe(f.store.log.maxOffset());
      await f.put(message('T', 0, 'not synced'));
    }
    await f.kill();
    if (how === 'power') disk.powerLoss(nothing);
    else disk.kill();
    const again = await open({ flushDiskType });
    expect(bodiesOf(again.store, 'T', 0)).toEqual(['a', 'b']);
    await again.store.stop();
  });

  it('lazy-flush: the periodic flush comes by itself', async () => {
    const { disk, open } = setUp();
    const f = await open({ flushIntervalCommitLog: 2, flushCommitLogThoroughInterval: 2 });
    const end = await f.put(message('T', 0, 'a'));
    while (f.store.status().flushedOffset < end) await new Promise((resolve) => setTimeout(resolve, 1));
    await f.kill();
    disk.powerLoss(() => 0.9);
    const again = await open();
    expect(bodiesOf(again.store, 'T', 0)).toEqual(['a']);
    await again.store.stop();
  });

  it('disk-dead-master: a store that cannot write says so at once, takes nothing, and serves what it has', async () => {
    const { disk, open } = setUp();
    const f = await open({ flushDiskType: 'SYNC_FLUSH' });
    await f.put(message('T', 0, 'a'));
    disk.failWrites('FILE_IO');
    disk.failSyncs();
    const { endOffset } = f.store.put(message('T', 0, 'b'));
    await expect(f.store.whenDurable(endOffset)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(f.store.writable).toBe(false);
    expect(f.store.status().failed).toContain('writing the commit log failed');
    expect(f.store.put(message('T', 0, 'c')).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(() => f.store.log.append(f.store.log.maxOffset(), Buffer.alloc(8))).toThrow('writing the commit log failed');
    await expect(f.store.log.truncate(0)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(bodiesOf(f.store, 'T', 0)).toEqual(['a']);
    await kill(f, disk);
  });
});
