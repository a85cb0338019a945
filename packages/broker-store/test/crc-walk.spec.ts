import { openSync, closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import type { DamagedRange } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/** The walk of a store, a step at a time. */
interface Walk {
  step(bytes: number): Promise<void>;
  readonly rounds: number;
  readonly checkedBytes: number;
}

async function filled(): Promise<{ f: Fixture; ends: number[]; walk: Walk; found: DamagedRange[] }> {
  const f = await Fixture.open(
    tempRoot(),
    { mappedFileSizeCommitLog: 16 << 10, flushDiskType: 'SYNC_FLUSH', crcWalkInterval: 0, crcWalkBytesPerSecond: 0 },
    nodeHost(silentLog),
  );
  const ends: number[] = [];
  for (let i = 0; i < 200; i++) ends.push(await f.put(message('T', 0, `${i}:${'x'.repeat(i)}`)));
  const found: DamagedRange[] = [];
  f.store.onDamage((range) => found.push(range));
  return { f, ends, walk: (f.store as unknown as { crcWalk: Walk }).crcWalk, found };
}

function flip(root: string, offset: number): void {
  const start = offset - (offset % (16 << 10));
  const file = openSync(join(root, 'commitlog', String(start).padStart(20, '0')), 'r+');
  writeSync(file, Buffer.from([0x7e]), 0, 1, offset - start);
  closeSync(file);
}

async function round(walk: Walk): Promise<void> {
  for (const before = walk.rounds; walk.rounds === before;) await walk.step(4096);
}

describe('the CRC walk', () => {
  it('finds nothing in a whole log, reading all of it', async () => {
    const { f, ends, walk, found } = await filled();
    await round(walk);
    expect(found).toEqual([]);
    expect(walk.checkedBytes).toBe(ends.at(-1));
    await f.store.stop();
  });

  it.each([
    ['a body', 90],
    ['a size', 1],
    ['a magic', 5],
    ['its place', 34],
  ])('reports a record with a bit flipped in %s, and that alone', async (_name, at) => {
    const { f, ends, walk, found } = await filled();
    const begin = ends[100] as number;
    flip(f.root, begin + at);
    await round(walk);
    expect(found).toEqual([{ from: begin, to: ends[101] }]);
    expect(f.store.status().damagedRanges).toBe(1);
    await round(walk);
    expect(found).toHaveLength(2);
    await f.store.stop();
  });

  it('reads no more than it may, and stops with the store', async () => {
    const { f, ends, walk } = await filled();
    await walk.step(1);
    expect(walk.checkedBytes).toBeLessThanOrEqual(16 << 10);
    expect(walk.checkedBytes).toBeLessThan(ends.at(-1) as number);
    await f.store.stop();
    await walk.step(1 << 20);
    expect(walk.rounds).toBe(0);
  });
});
