import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import type { DamagedRange, RecordSource } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

const FILE_BYTES = 16 << 10;
const COUNT = 200;

interface Walk {
  step(bytes: number): Promise<void>;
  readonly rounds: number;
}

/** A store of several log files, and what another replica would have: every record by its offset. */
class Damaged {
  readonly found: DamagedRange[] = [];
  private constructor(
    readonly f: Fixture,
    /** Where each record begins; the last one is the end. */
    readonly places: readonly number[],
    readonly replica: ReadonlyMap<number, Buffer>,
  ) {
    f.store.onDamage((range) => this.found.push(range));
  }

  static async make(): Promise<Damaged> {
    const options = {
      mappedFileSizeCommitLog: FILE_BYTES,
      flushDiskType: 'SYNC_FLUSH',
      crcWalkInterval: 0,
      crcWalkBytesPerSecond: 0,
    } as const;
    const f = await Fixture.open(tempRoot(), { ...options, tailCacheBytes: FILE_BYTES }, nodeHost(silentLog));
    const places: number[] = [];
    for (let i = 0; i < COUNT; i++) {
      const end = await f.put(message('T', 0, `${i}:${'x'.repeat(i)}`));
      places.push(end - (91 + 1 + `${i}:`.length + i));
    }
    places.push(f.store.log.maxOffset());
    const replica = new Map(places.slice(0, -1).map((at) => [at, Buffer.from(f.store.messageAt(at) as Buffer)]));
    return new Damaged(f, places, replica);
  }

  write(offset: number, bytes: Buffer): void {
    const start = offset - (offset % FILE_BYTES);
    const file = openSync(join(this.f.root, 'commitlog', String(start).padStart(20, '0')), 'r+');
    writeSync(file, bytes, 0, bytes.length, offset - start);
    closeSync(file);
  }

  /** A whole round of the walk. @returns what it found */
  async walk(): Promise<DamagedRange[]> {
    const { crcWalk } = this.f.store as unknown as { crcWalk: Walk };
    this.found.length = 0;
    for (const before = crcWalk.rounds; crcWalk.rounds === before;) await crcWalk.step(1 << 20);
    return [...this.found];
  }

  readonly source: RecordSource = (offset) => Promise.resolve(this.replica.get(offset));

  place(index: number): number {
    return this.places[index] as number;
  }
}

describe('repair of a damaged range from another replica', () => {
  it.each([
    ['a flipped bit', 90, Buffer.from([0x7e])],
    ['a size of nonsense', 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['a page of zeros', 8, Buffer.alloc(4096)],
    ['a page of noise', 0, Buffer.alloc(4096, 0xa5)],
  ])('%s', async (_name, at, bytes) => {
    const it = await Damaged.make();
    it.write(it.place(20) + at, bytes);
    const ranges = await it.walk();
    expect(ranges).toHaveLength(1);
    const range = ranges[0] as DamagedRange;
    expect(range.from).toBe(it.place(20));
    expect(await it.f.store.repair(range, it.source)).toBe(range.to);
    expect(it.f.store.status()).toMatchObject({ damagedRanges: 0, repairedRanges: 1 });
    expect(await it.walk()).toEqual([]);
    for (const [offset, record] of it.replica) expect(it.f.store.messageAt(offset)).toEqual(record);
    await it.f.store.stop();
  });

  it('the rest of a file up to its blank', async () => {
    const it = await Damaged.make();
    const last = it.places.findIndex((at) => at >= FILE_BYTES) - 1;
    it.write(it.place(last - 1) + 5, Buffer.from([1]));
    it.write(it.place(last) + 5, Buffer.from([1]));
    const [range] = (await it.walk()) as [DamagedRange];
    expect(range).toEqual({ from: it.place(last - 1), to: FILE_BYTES });
    expect(await it.f.store.repair(range, it.source)).toBe(FILE_BYTES);
    expect(await it.walk()).toEqual([]);
    await it.f.store.stop();
  });

  it.each<[string, (it: Damaged, at: number) => Buffer | undefined]>([
    ['nothing', () => undefined],
    ['no bytes', () => Buffer.alloc(0)],
    ['the record of another place', (it) => it.replica.get(it.place(21))],
    ['a damaged record', (it, at) => Buffer.from(it.replica.get(at) as Buffer).fill(0x41, 88, 89)],
    ['less than a record', (it, at) => (it.replica.get(at) as Buffer).subarray(0, 60)],
    ['more than a record', (it, at) => Buffer.concat([it.replica.get(at) as Buffer, Buffer.alloc(1)])],
  ])('takes nothing when the other replica sends %s', async (_name, sent) => {
    const it = await Damaged.make();
    const at = it.place(20);
    it.write(at + 89, Buffer.from([0x7e]));
    const [range] = (await it.walk()) as [DamagedRange];
    const before = it.f.store.messageAt(at);
    expect(await it.f.store.repair(range, () => Promise.resolve(sent(it, at)))).toBe(at);
    expect(it.f.store.messageAt(at)).toEqual(before);
    expect(it.f.store.status().damagedRanges).toBe(1);
    expect(await it.walk()).toEqual([range]);
    await it.f.store.stop();
  });

  it('never writes over what is whole', async () => {
    const it = await Damaged.make();
    const asked: number[] = [];
    const range = { from: it.place(20), to: it.place(22) };
    const end = await it.f.store.repair(range, (offset) => {
      asked.push(offset);
      return Promise.resolve(undefined);
    });
    expect(end).toBe(range.to);
    expect(asked).toEqual([]);
    await it.f.store.stop();
  });

  it('takes no record that reaches behind the range', async () => {
    const it = await Damaged.make();
    it.write(it.place(20) + 89, Buffer.from([0x7e]));
    const range = { from: it.place(20), to: it.place(21) - 1 };
    expect(await it.f.store.repair(range, it.source)).toBe(range.from);
    await it.f.store.stop();
  });

  it('writes nothing once the store has stopped, or the log was cut, while the other replica was asked', async () => {
    for (const meanwhile of ['stop', 'cut']) {
      const it = await Damaged.make();
      const at = it.place(20);
      it.write(at + 89, Buffer.from([0x7e]));
      const [range] = (await it.walk()) as [DamagedRange];
      const end = await it.f.store.repair(range, async (offset) => {
        if (meanwhile === 'stop') await it.f.store.stop();
        else await it.f.store.log.truncate(it.place(10));
        return it.source(offset);
      });
      expect(end).toBe(at);
      await it.f.store.stop();
    }
  });

  it('writes nothing above the confirm offset: another master may have another history there', async () => {
    const it = await Damaged.make();
    const at = it.place(20);
    it.write(at + 89, Buffer.from([0x7e]));
    const [range] = (await it.walk()) as [DamagedRange];
    const dispatching = (it.f.store as unknown as { dispatching: { confirmOffset(): number } }).dispatching;
    dispatching.confirmOffset = () => at + 1;
    expect(await it.f.store.repair(range, it.source)).toBe(at);
    await it.f.store.stop();
  });
});
