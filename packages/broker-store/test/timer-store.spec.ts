import { silentLog } from '@batonmq/host';
import { TimerStore, type TimedRecord, type TimerProgress } from '../src/index';
import { MemoryDisk } from './memory-disk';

const START = 1_700_000_000_000;
const SHAPE = { precisionMs: 1000, slots: 300, windowSlots: 200 };
const FILE_BYTES = 52 * 8 + 16 + 20;

const random = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Message `i` of the timer topic: the queue that the timer files follow from. */
function record(i: number): TimedRecord {
  const storeTimestamp = START + i * 100;
  const dueMs = storeTimestamp - (storeTimestamp % 1000) + 1000 * (2 + ((i * 7) % 40));
  return { phy: 1000 + i * 200, size: 170, storeTimestamp, dueMs, topic: `T${i % 3}`, remove: false };
}

function open(disk: MemoryDisk): { timer: TimerStore; progress: TimerProgress | undefined } {
  const host = { files: disk.boot(), log: silentLog, clock: { wallMs: () => START, monotonicMs: () => 0 } };
  const timer = new TimerStore(host, { storePathRootDir: '/s', shape: SHAPE, mappedFileSizeTimerLog: FILE_BYTES });
  return { timer, progress: timer.load() };
}

function slotsOf(timer: TimerStore, fromMs: number): Map<number, number[]> {
  const slots = new Map<number, number[]>();
  for (let slotMs = fromMs; slotMs < START + 80_000; slotMs += 1000) {
    const reader = timer.readSlot(slotMs);
    if (reader === undefined) continue;
    while (!reader.read(3));
    expect(reader.broken).toBe(false);
    slots.set(
      slotMs,
      reader.entries().map((entry) => entry.phy),
    );
  }
  return slots;
}

function expected(count: number, fromMs: number): Map<number, number[]> {
  const slots = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const { phy, dueMs } = record(i);
    if (dueMs >= fromMs) slots.set(dueMs, [...(slots.get(dueMs) ?? []), phy]);
  }
  return new Map([...slots].sort(([a], [b]) => a - b));
}

const sorted = (slots: Map<number, number[]>): Map<number, number[]> =>
  new Map([...slots].map(([slotMs, phys]) => [slotMs, [...phys].sort((a, b) => a - b)]));

/** As a slave or a restarted master goes on: links what the files do not have. */
function linkUpTo(timer: TimerStore, progress: TimerProgress | undefined, count: number): void {
  for (let i = progress?.position ?? 0; i < count; i++) {
    if (record(i).dueMs >= (progress?.readTimeMs ?? 0)) timer.link(record(i));
  }
}

async function filled(disk: MemoryDisk, count: number): Promise<TimerStore> {
  const { timer } = open(disk);
  disk.boot().makeDirs('/s/config');
  linkUpTo(timer, undefined, count);
  await timer.save({ readTimeMs: START, position: count, handled: count, logEnd: 50_000 }, 1);
  return timer;
}

describe('TimerStore', () => {
  it('makes nothing on the disk before the first message', () => {
    const disk = new MemoryDisk();
    expect(open(disk).progress).toBeUndefined();
    expect(disk.paths()).toEqual([]);
  });

  it('gives every slot back in the order of linking, across files of the timer log', async () => {
    const disk = new MemoryDisk();
    const timer = await filled(disk, 100);
    expect(slotsOf(timer, START)).toEqual(expected(100, START));
    timer.close();
    const again = open(disk);
    expect(again.progress).toMatchObject({ readTimeMs: START, position: 100, handled: 100, logEnd: 50_000 });
    expect(slotsOf(again.timer, START)).toEqual(expected(100, START));
    expect(disk.paths().filter((path) => path.includes('timerlog')).length).toBeGreaterThan(10);
  });

  it.each([
    ['timerwheel', ['/s/timerwheel'], 100],
    ['timerlog', ['/s/timerlog'], 0],
    ['both', ['/s/timerlog', '/s/timerwheel'], 0],
    ['a file in the middle of timerlog', [`/s/timerlog/${String(FILE_BYTES * 3).padStart(20, '0')}`], 0],
  ])('builds again what %s told', async (_what, gone, position) => {
    const disk = new MemoryDisk();
    (await filled(disk, 100)).close();
    for (const path of gone) {
      disk.boot().removeTree(path);
      disk.boot().remove(path);
    }
    const { timer, progress } = open(disk);
    expect(progress?.position).toBe(position);
    linkUpTo(timer, progress, 100);
    expect(sorted(slotsOf(timer, START))).toEqual(expected(100, START));
  });

  it('starts anew without timercheck, whatever else is there', async () => {
    const disk = new MemoryDisk();
    (await filled(disk, 100)).close();
    disk.boot().remove('/s/config/timercheck');
    const { timer, progress } = open(disk);
    expect(progress).toBeUndefined();
    expect(timer.wheel.liveCount).toBe(0);
    linkUpTo(timer, progress, 100);
    expect(slotsOf(timer, START)).toEqual(expected(100, START));
  });

  it('names a wheel of another length', async () => {
    const disk = new MemoryDisk();
    (await filled(disk, 10)).close();
    disk.set('/s/timerwheel', Buffer.alloc(64));
    expect(() => open(disk)).toThrow(/timerwheel has 64 bytes/);
  });

  it('says when a list ends before its beginning', async () => {
    const disk = new MemoryDisk();
    const timer = await filled(disk, 100);
    const slotMs = [...expected(100, START)].find(([, phys]) => phys.length > 1)?.[0] as number;
    const first = timer.wheel.slot(slotMs)?.first as number;
    const file = first - (first % FILE_BYTES);
    const path = `/s/timerlog/${String(file).padStart(20, '0')}`;
    disk.content(path)?.fill(0, first - file, first - file + 52);
    const reader = timer.readSlot(slotMs);
    expect(reader?.read(1000)).toBe(true);
    expect(reader?.broken).toBe(true);
  });

  it('has the slots again when it goes back', async () => {
    const timer = await filled(new MemoryDisk(), 100);
    timer.dropBelow(START + 20_000);
    expect(sorted(slotsOf(timer, START))).toEqual(expected(100, START + 20_000));
    linkUpTo(timer, { readTimeMs: START + 20_000, position: 100, handled: 100, logEnd: 0 }, 120);
    timer.goBackTo(START + 10_000);
    const lateOnes = [...expected(120, START + 20_000)];
    const all = new Map([...expected(100, START + 10_000)].filter(([at]) => at < START + 20_000).concat(lateOnes));
    expect(slotsOf(timer, START)).toEqual(all);
  });

  it('counts per topic what is still to come, and removes files that nothing needs', async () => {
    const timer = await filled(new MemoryDisk(), 100);
    const from = START + 46_000;
    const counts = [...timer.countByTopic(from).values()].reduce((sum, count) => sum + count, 0);
    expect(counts).toBe([...expected(100, from).values()].flat().length);
    expect(timer.removeExpired(record(60).phy)).toBe(0);
    timer.dropBelow(from);
    const kept = expected(100, from);
    expect(timer.removeExpired(record(60).phy)).toBeGreaterThan(0);
    expect(slotsOf(timer, from)).toEqual(kept);
  });

  /** Links, saves and loses power; what the progress promises must be in the wheel. */
  async function crashes(seed: number, lyingSyncs: boolean): Promise<boolean> {
    const next = random(seed);
    const disk = new MemoryDisk();
    disk.boot().makeDirs('/s/config');
    disk.lyingSyncs = lyingSyncs;
    let linked = 0;
    for (let life = 0; life < 5; life++) {
      const { timer, progress } = open(disk);
      linked = Math.max(linked, progress?.handled ?? 0);
      let readTimeMs = Math.max(START, progress?.readTimeMs ?? 0);
      linkUpTo(timer, progress, linked);
      if (progress !== undefined) {
        const wheel = sorted(slotsOf(timer, readTimeMs));
        if (JSON.stringify([...wheel]) !== JSON.stringify([...expected(linked, readTimeMs)])) return false;
      }
      const steps = Math.floor(next() * 12);
      let saving: Promise<void> = Promise.resolve();
      for (let step = 0; step < steps; step++) {
        const more = linked + Math.floor(next() * 12);
        linkUpTo(timer, { readTimeMs, position: linked, handled: linked, logEnd: 0 }, more);
        linked = more;
        if (next() < 0.3) readTimeMs += 1000;
        if (next() < 0.5) {
          saving = timer.save({ readTimeMs, position: linked, handled: linked, logEnd: 0 }, 1).catch(() => undefined);
          if (next() < 0.6) await saving;
          else if (next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
        }
        timer.log.write();
      }
      if (next() < 0.7) disk.powerLoss(next);
      else disk.kill();
      await saving;
    }
    return true;
  }

  it('has after a crash at any point what its progress promises', async () => {
    for (let seed = 1; seed <= 100; seed++) expect([seed, await crashes(seed, false)]).toEqual([seed, true]);
  }, 60_000);

  it('(planted) would not if syncs did nothing', async () => {
    let failed = 0;
    for (let seed = 1; seed <= 20; seed++) if (!(await crashes(seed, true).catch(() => false))) failed++;
    expect(failed).toBeGreaterThan(0);
  }, 60_000);
});
