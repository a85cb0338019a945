import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { raftStorageConformance } from '../conformance';
import type { Entry } from '../core/types';
import { LevelStorage } from './level';
import { Key } from './level-format';
import { MemoryDisk, MemoryStorage } from './memory';

const directories: string[] = [];
function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'raft-level-'));
  directories.push(directory);
  return join(directory, 'log');
}
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

describe('MemoryStorage', () =>
  raftStorageConformance(it, async () => {
    const disk = new MemoryDisk();
    return { process: () => new MemoryStorage(disk) };
  }));

describe('LevelStorage', () => {
  raftStorageConformance(it, async () => {
    const directory = freshDirectory();
    return { process: () => new LevelStorage(directory) };
  });

  const entry = (index: number): Entry => ({ index, term: 1, kind: 'data', data: Buffer.from(`entry ${index}`) });

  async function damaged(change: (db: Level<Buffer, Buffer>) => Promise<void>): Promise<LevelStorage> {
    const directory = freshDirectory();
    const storage = new LevelStorage(directory);
    await storage.open();
    await storage.write({ hardState: { term: 2, votedFor: 'a' }, entries: [] });
    for (const first of [1, 6, 11, 16]) {
      await storage.write({ entries: Array.from({ length: 5 }, (_, i) => entry(first + i)) });
    }
    const snapshot = { index: 3, term: 1, data: Buffer.alloc(3 << 20, 7) };
    await storage.write({ entries: [], snapshot, base: { index: 2, term: 1 } });
    await storage.close();
    const db = new Level<Buffer, Buffer>(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    await db.open();
    await change(db);
    await db.close();
    return new LevelStorage(directory);
  }
  async function read(db: Level<Buffer, Buffer>, key: Buffer): Promise<Buffer> {
    const value = await db.get(key);
    if (value === undefined) throw new Error('no such key');
    return Buffer.from(value);
  }
  async function flip(db: Level<Buffer, Buffer>, key: Buffer): Promise<void> {
    const value = await read(db, key);
    value[value.length - 1] = (value[value.length - 1] as number) ^ 1;
    await db.put(key, value);
  }

  it.each<[string, (db: Level<Buffer, Buffer>) => Promise<void>]>([
    ['a changed bit in an entry', (db) => flip(db, Key.run(6))],
    ['a changed bit in the last entry', (db) => flip(db, Key.run(16))],
    ['a run that is cut off', async (db) => db.put(Key.run(6), (await read(db, Key.run(6))).subarray(0, -1))],
    ['a run that ends too early', async (db) => db.put(Key.run(6), (await read(db, Key.run(6))).subarray(0, 32))],
    ['an empty run', (db) => db.put(Key.run(6), Buffer.alloc(0))],
    ['a changed bit in the hard state', (db) => flip(db, Key.hardState)],
    ['a changed bit in the snapshot', (db) => flip(db, Key.chunk(3, 2))],
    ['a changed bit in the snapshot record', (db) => flip(db, Key.snapshot)],
    ['entries at another place', async (db) => db.put(Key.run(6), await read(db, Key.run(11)))],
    ['missing entries', (db) => db.del(Key.run(6))],
    ['a missing beginning', (db) => db.del(Key.run(1))],
    ['a missing piece of the snapshot', (db) => db.del(Key.chunk(3, 1))],
    ['a log that ends before its snapshot', async (db) => db.clear({ gte: Key.run(1), lt: Key.run(99) })],
    ['a lost hard state', (db) => db.del(Key.hardState)],
  ])('refuses to open with %s', async (_, change) => {
    const storage = await damaged(change);
    await expect(storage.open()).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('refuses another format, and says what to do', async () => {
    const storage = await damaged((db) => db.put(Key.version, Buffer.from([1])));
    const hint = expect.stringContaining('restore that into an empty directory') as string;
    await expect(storage.open()).rejects.toMatchObject({ code: 'STORAGE', hint });
  });

  it('opens what was not damaged', async () => {
    const storage = await damaged(async () => {});
    expect((await storage.open()).entries).toHaveLength(18);
    await storage.close();
  });

  it('is one process at a time', async () => {
    const directory = freshDirectory();
    const first = new LevelStorage(directory);
    await first.open();
    await expect(new LevelStorage(directory).open()).rejects.toMatchObject({ code: 'LOCKED' });
    await first.close();
  });
});
