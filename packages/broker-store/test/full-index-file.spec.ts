import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/** Found by the crash simulation: the slots of a full file were those of the last clean stop, although it had grown since. */
it('keys that filled an index file after a clean stop are found after a kill', async () => {
  const root = tempRoot();
  const options = { maxIndexNum: 11, maxHashSlotNum: 4 };
  const put = async (fixture: Fixture, from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++)
      await fixture.put(message('T', 0, `m${i}`, { properties: `KEYS\u0001k${i}\u0002` }));
    await fixture.store.whenDispatched(fixture.store.log.maxOffset());
  };
  const first = await Fixture.open(root, options);
  await put(first, 0, 5);
  await first.store.stop();
  const second = await Fixture.open(root, options);
  await put(second, 5, 10);
  // As each second.
  (second.store as unknown as { parts: { index: { tick(): void } } }).parts.index.tick();
  await second.kill();
  const third = await Fixture.open(root, options);
  await put(third, 10, 12);
  const hits = Array.from({ length: 12 }, (_, i) => third.store.queryByKey('T', `k${i}`, 9, 0, 2 ** 50).records.length);
  expect(hits).toEqual(Array.from({ length: 12 }, () => 1));
  await third.store.stop();
});

/** Found by the crash simulation: the newest index file's slots, which only a clean stop writes, were read when others stood before it. */
it('keys of the newest of two index files are found after a kill within a cut of the log', async () => {
  const root = tempRoot();
  const first = await Fixture.open(root, { maxIndexNum: 11, maxHashSlotNum: 4 });
  const ends: number[] = [];
  for (let i = 0; i < 16; i++)
    ends.push(await first.put(message('T', 0, `m${i}`, { properties: `KEYS\u0001k${i}\u0002` })));
  await first.store.whenDispatched(first.store.log.maxOffset());
  (first.store as unknown as { parts: { index: { tick(): void } } }).parts.index.tick();
  await first.kill();
  // The log has been cut, nothing else.
  const log = join(root, 'commitlog', '0'.repeat(20));
  const { size } = statSync(log);
  truncateSync(log, ends[13]);
  truncateSync(log, size);
  const second = await Fixture.open(root, { maxIndexNum: 11, maxHashSlotNum: 4 });
  const hits = ends.map((_, i) => second.store.queryByKey('T', `k${i}`, 9, 0, 2 ** 50).records.length);
  expect(hits).toEqual(ends.map((_, i) => (i < 14 ? 1 : 0)));
  await second.store.stop();
});
