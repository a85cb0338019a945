import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/** 399 entries fit in an index file of maxIndexNum=400, so the 200th message of two keys has one in each of two files. */
const MESSAGES = 200;

it.each([
  ['the new index file has a key of it', MESSAGES],
  ['more messages have followed', MESSAGES + 50],
])('every key of a message whose keys lie in two index files is found after a kill: %s', async (_when, count) => {
  const root = tempRoot();
  const first = await Fixture.open(root);
  for (let i = 0; i < count; i++) {
    await first.put(message('T', 0, `m${i}`, { properties: `KEYS\u0001left-${i} right-${i}\u0002` }));
  }
  await first.store.whenDispatched(first.store.log.maxOffset());
  await first.kill();

  const again = await Fixture.open(root);
  const hits = ['left-199', 'right-199'].map((key) => again.store.queryByKey('T', key, 9, 0, 2 ** 50).records.length);
  expect(hits).toEqual([1, 1]);
  await again.store.stop();
});
