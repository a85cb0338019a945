import { type Files, type OpenFile, nodeHost, silentLog } from '@batonmq/host';
import { decodeMessage } from '../../src/index';
import { bodiesOf } from '../check-store';
import { MemoryDisk } from '../memory-disk';
import { Fixture, message } from '../store-fixture';
import { EdgeWorld, HOWS, LOG_FILE, logFile, numbered } from './edge-world';

const ALL_HOURS = Array.from({ length: 24 }, (_, hour) => hour).join(';');
const clean = ({ store }: Fixture): void => (store as unknown as { upkeep: { clean(): void } }).upkeep.clean();

describe('20.11 offsets by time', () => {
  it.each(HOWS)('equal times across a file border; before, between, after; an expired beginning (%s)', async (how) => {
    const world = new EdgeWorld({ mappedFileSizeConsumeQueue: 200, deleteWhen: ALL_HOURS });
    let now = 0;
    world.wallMs = () => now;
    await world.open();
    // 10 messages each at 1000, 2000, ..., so that 3000 lies on both sides of the border of the first log file.
    for (let i = 0; i < 60; i++) {
      now = (1 + Math.floor(i / 10)) * 1000;
      await world.fixture.put(message('T', 0, `m${String(i).padStart(2, '0')}`));
    }
    expect(world.fixture.store.log.maxOffset()).toBeGreaterThan(2 * LOG_FILE);
    await world.again(how);
    const at = (time: number): number[] =>
      (['LOWER', 'UPPER'] as const).map((side) => world.fixture.store.offsetByTime('T', 0, time, side));
    expect([at(3000), at(2999), at(3001)]).toEqual([
      [20, 29],
      [20, 19],
      [30, 29],
    ]);
    expect([at(1), at(2 ** 45)]).toEqual([
      [0, 0],
      [60, 59],
    ]);
    expect(world.fixture.store.offsetByTime('T', 7, 3000, 'LOWER')).toBe(0);
    now = 1000 * 3_600_000;
    world.disk.touch(logFile(0), 0);
    clean(world.fixture);
    const min = world.fixture.store.minOffsetInQueue('T', 0);
    expect(min).toBeGreaterThan(10);
    expect([at(1), at(1000)]).toEqual([
      [min, min],
      [min, min],
    ]);
    expect(at(5000)).toEqual([40, 49]);
    expect(world.fixture.store.earliestTime('T', 0)).toBe((1 + Math.floor(min / 10)) * 1000);
    await world.leave('stop');
  });
});

describe('20.12 what a pull gets', () => {
  const MIB = 1 << 20;

  async function filled(count: number, bytes: number, options = {}): Promise<EdgeWorld> {
    const world = new EdgeWorld({ mappedFileSizeCommitLog: 1 << 20, ...options });
    await world.open();
    const { store } = world.fixture;
    for (let i = 0; i < count; i++) store.put(message('T', 0, Buffer.alloc(bytes, i)));
    await store.whenDispatched(store.log.maxOffset());
    return world;
  }

  it('from memory 32 messages and 256 KiB, from the disk 8 and 64 KiB', async () => {
    for (const [ratio, count, bytes] of [
      [40, 32, 262_144],
      [0, 8, 65_536],
    ] as const) {
      // The store counts what is nearer to the end than a part of the memory as being in memory.
      const small = await filled(50, 10, { accessMessageInMemoryMaxRatio: ratio });
      expect(small.fixture.store.getMessages('T', 0, 0, 100, MIB).count).toBe(count);
      await small.leave('stop');
      const big = await filled(50, bytes / 4 - 92, { accessMessageInMemoryMaxRatio: ratio });
      const found = big.fixture.store.getMessages('T', 0, 0, 100, MIB);
      expect([found.count, found.bytes]).toEqual([4, bytes]);
      await big.leave('stop');
      const bigger = await filled(50, bytes / 4 - 91, { accessMessageInMemoryMaxRatio: ratio });
      expect(bigger.fixture.store.getMessages('T', 0, 0, 100, MIB).count).toBe(3);
      await bigger.leave('stop');
    }
  });

  it('a first message larger than every limit comes alone; 1 byte asked for is one message', async () => {
    const world = await filled(3, 300_000, { accessMessageInMemoryMaxRatio: 0 });
    for (const asked of [1, MIB]) expect(world.fixture.store.getMessages('T', 0, 0, 32, asked).count).toBe(1);
    await world.leave('stop');
  });

  it('at min - 1, min, max and max + 1, also of a replica', async () => {
    for (const enableControllerMode of [false, true]) {
      const world = new EdgeWorld({ deleteWhen: ALL_HOURS, enableControllerMode });
      const { store } = await world.open();
      for (let i = 0; i < 60; i++) await world.fixture.put(message('T', 0, `m${i}`));
      store.log.setConfirmOffset(store.log.maxOffset());
      await store.whenDispatched(store.log.maxOffset());
      world.disk.touch(logFile(0), 0);
      clean(world.fixture);
      const min = store.minOffsetInQueue('T', 0);
      expect(min).toBeGreaterThan(0);
      const at = (offset: number): [string, number] => {
        const { status, nextBeginOffset } = store.getMessages('T', 0, offset, 1, 1000);
        return [status, nextBeginOffset];
      };
      expect([at(min - 1), at(min), at(59), at(60), at(61)]).toEqual([
        ['OFFSET_TOO_SMALL', min],
        ['FOUND', min + 1],
        ['FOUND', 60],
        ['OFFSET_OVERFLOW_ONE', 60],
        ['OFFSET_OVERFLOW_BADLY', 60],
      ]);
      await world.leave('stop');
    }
  });

  it('across the border of a queue file, from memory and from the file', async () => {
    for (const how of ['none', ...HOWS] as const) {
      const world = new EdgeWorld({ mappedFileSizeConsumeQueue: 200 });
      await world.open();
      const bodies = numbered(35);
      await world.fixture.put(...bodies.map((body) => message('T', 0, body)));
      if (how !== 'none') await world.again(how);
      for (let from = 0; from < 35; from++) {
        const found = world.fixture.store.getMessages('T', 0, from, 32, MIB);
        expect(decodeMessage(found.messages[0] as Buffer).body.toString()).toBe(bodies[from]);
        expect(found.count).toBeGreaterThan(0);
        expect(found.nextBeginOffset).toBe(from + found.count);
        const none = world.fixture.store.getMessages('T', 0, from, 32, MIB, { matchesTags: () => false });
        expect(none).toMatchObject({ status: 'NO_MATCHED_MESSAGE', nextBeginOffset: 35 });
      }
      await world.leave('stop');
    }
  });

  it('nothing at or above the confirm offset', async () => {
    const world = new EdgeWorld({ enableControllerMode: true });
    const { store } = await world.open();
    const ends: number[] = [];
    for (const body of numbered(20))
      ends.push(await world.fixture.put(message('T', 0, body, { properties: 'KEYS\u0001k\u0002' })));
    for (const [i, end] of ends.entries()) {
      store.log.setConfirmOffset(end);
      await store.whenDispatched(end);
      expect(bodiesOf(store, 'T', 0)).toEqual(numbered(i + 1));
      expect(store.queryByKey('T', 'k', 64, 0, 2 ** 50).records).toHaveLength(i + 1);
      expect(store.getMessages('T', 0, i + 1, 1, 1000).status).toBe('OFFSET_OVERFLOW_ONE');
      // One byte short of the next record's end is not enough.
      store.log.setConfirmOffset((ends[i + 1] ?? end) - 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(store.maxOffsetInQueue('T', 0)).toBe(i + 1);
    }
    await world.leave('stop');
  });
});

describe('20.14 retention', () => {
  async function filled(options = {}): Promise<{ world: EdgeWorld; starts(): number[]; now(ms: number): void }> {
    const world = new EdgeWorld(options);
    let now = new Date(2026, 0, 10, 3, 59).getTime();
    world.wallMs = () => now;
    await world.open();
    await world.fixture.put(...numbered(99).map((body) => message('T', 0, body.repeat(8))));
    const starts = (): number[] =>
      world.disk
        .paths()
        .filter((path) => path.startsWith('/store/commitlog/'))
        .map((path) => Number(path.slice(-20)) / LOG_FILE);
    for (const start of starts()) world.disk.touch(logFile(start * LOG_FILE), now);
    return { world, starts, now: (ms) => void (now = ms) };
  }
  const use = (world: EdgeWorld, percent: number): void => {
    world.disk.usage = { totalBytes: 1000, availableBytes: 1000 - percent * 10 };
  };

  it('never what nobody can have seen: not confirmed, not dispatched (seed 1019837)', async () => {
    const { world, starts, now } = await filled({ enableControllerMode: true, deleteWhen: '04' });
    const { log } = world.fixture.store;
    const all = starts();
    now(new Date(2026, 0, 20, 4, 30).getTime());
    clean(world.fixture);
    expect(starts()).toEqual(all);
    log.setConfirmOffset(2 * LOG_FILE - 1);
    await world.fixture.store.whenDispatched(LOG_FILE);
    clean(world.fixture);
    expect(starts()).toEqual(all.slice(1));
  });

  it('by time, in the hours of deleteWhen only, oldest first, ten a round, never the newest', async () => {
    const { world, starts, now } = await filled({ deleteWhen: '04;16', fileReservedTime: 72 });
    const all = starts();
    expect(all.length).toBeGreaterThan(4);
    const day = (date: number, hour: number, minute = 0): number => new Date(2026, 0, date, hour, minute).getTime();
    now(day(13, 3, 58));
    clean(world.fixture);
    expect(starts()).toEqual(all);
    now(day(13, 5));
    clean(world.fixture);
    expect(starts()).toEqual(all);
    world.disk.touch(logFile(0), day(10, 3, 30));
    now(day(13, 4, 10));
    for (const start of all.slice(1)) world.disk.touch(logFile(start * LOG_FILE), day(10, 4, 20));
    clean(world.fixture);
    expect(starts()).toEqual(all.slice(1));
    now(day(13, 16, 59));
    clean(world.fixture);
    expect(starts()).toEqual(all.slice(11 < all.length ? 11 : all.length - 1));
    for (let i = 0; i < 5; i++) clean(world.fixture);
    expect(starts()).toEqual(all.slice(-1));
    expect(world.bodies()).not.toEqual([]);
    const min = world.fixture.store.minOffsetInQueue('T', 0);
    expect(world.bodies()).toEqual(
      numbered(99)
        .slice(min)
        .map((body) => body.repeat(8)),
    );
    await world.leave('stop');
  });

  it('by use of the disk: 75 % nothing, above it what is expired at any hour, above 85 % the oldest at once', async () => {
    const { world, starts } = await filled({ deleteWhen: '17' });
    const all = starts();
    use(world, 75);
    world.disk.touch(logFile(0), 0);
    clean(world.fixture);
    expect(starts()).toEqual(all);
    use(world, 75.1);
    clean(world.fixture);
    expect(starts()).toEqual(all.slice(1));
    use(world, 85);
    clean(world.fixture);
    expect(starts()).toEqual(all.slice(1));
    use(world, 85.1);
    clean(world.fixture);
    expect(starts().length).toBeLessThan(all.length - 1);
    await world.leave('stop');
  });

  it('above 90 % puts are refused until it is below 85 % again; a use that is not known refuses nothing', async () => {
    const { world } = await filled({ cleanFileForciblyEnable: false });
    const { store } = world.fixture;
    const status = (percent: number): string => {
      use(world, percent);
      clean(world.fixture);
      return store.put(message('T', 0, 'x')).status;
    };
    expect([89.9, 90, 90.1, 86, 85.1, 85, 90].map(status)).toEqual([
      ...['PUT_OK', 'PUT_OK', 'SERVICE_NOT_AVAILABLE', 'SERVICE_NOT_AVAILABLE', 'SERVICE_NOT_AVAILABLE'],
      ...['PUT_OK', 'PUT_OK'],
    ]);
    expect(store.status().diskUsedRatio).toBe(0.9);
    Object.defineProperty(world.disk, 'usage', {
      get: () => {
        throw new Error('no such directory');
      },
    });
    clean(world.fixture);
    expect([store.status().diskUsedRatio, store.writable]).toEqual([-1, true]);
    await world.leave('stop');
  });
});

/** Syncs that last until they are let go. */
class SlowSyncs {
  private waiting: (() => void)[] = [];
  count = 0;

  wrap(files: Files): Files {
    const open = (path: string, mode: 'read' | 'write' | 'create'): OpenFile => {
      const file = files.open(path, mode);
      if (!path.includes('/commitlog/')) return file;
      const datasync = async (): Promise<void> => {
        this.count++;
        await new Promise<void>((resolve) => this.waiting.push(resolve));
        await file.datasync();
      };
      return { ...file, datasync };
    };
    return { ...files, open };
  }

  go(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

describe('20.15 SYNC_FLUSH', () => {
  const turns = async (count = 5): Promise<void> => {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  it('a message is visible only after its sync; one sync serves a thousand who wait', async () => {
    const slow = new SlowSyncs();
    const files = slow.wrap(new MemoryDisk().boot());
    const options = { flushDiskType: 'SYNC_FLUSH' as const, mappedFileSizeCommitLog: 1 << 20 };
    const { store } = await Fixture.open('/store', options, { ...nodeHost(silentLog), files });
    const first = store.put(message('T', 0, 'first'));
    let durable = 0;
    void store.whenDurable(first.endOffset).then(() => durable++);
    await turns();
    expect([durable, slow.count, store.maxOffsetInQueue('T', 0)]).toEqual([0, 1, 0]);
    // These wait behind the sync that is under way: it does not cover them.
    for (let i = 0; i < 1000; i++) {
      const { endOffset } = store.put(message('T', 0, `m${i}`));
      void store.whenDurable(endOffset).then(() => durable++);
    }
    await turns();
    slow.go();
    await turns();
    expect([durable, slow.count, store.maxOffsetInQueue('T', 0)]).toEqual([1, 2, 1]);
    slow.go();
    await turns();
    expect([durable, slow.count, store.maxOffsetInQueue('T', 0)]).toEqual([1001, 2, 1001]);
    const stopped = store.stop();
    await turns(20);
    slow.go();
    await stopped;
  });
});
