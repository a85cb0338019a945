import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bodiesOf } from './check-store';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

async function filled(): Promise<{ root: string; bodies: string[] }> {
  const root = tempRoot();
  const f = await Fixture.open(root, { mappedFileSizeConsumeQueue: 200 });
  const bodies = Array.from({ length: 35 }, (_, index) => `m${index}`);
  for (const body of bodies) await f.put(message('T', 0, body), message('T', 1, body), message('Gone', 0, body));
  f.store.deleteTopic('Gone');
  await f.put(message('T', 1, 'last'));
  await f.store.stop();
  return { root, bodies };
}

describe('after a clean stop', () => {
  it.each([
    ['a directory of a queue', ['T', '0']],
    ['the directory of a topic', ['T']],
    ['the first file of a queue', ['T', '0', '00000000000000000000']],
    ['the last file of a queue', ['T', '0', '00000000000000000600']],
    ['all directories', []],
  ])('%s that is gone is built again', async (_name, path) => {
    const { root, bodies } = await filled();
    rmSync(join(root, 'consumequeue', ...path), { recursive: true });
    const again = await Fixture.open(root, { mappedFileSizeConsumeQueue: 200 });
    expect(bodiesOf(again.store, 'T', 0)).toEqual(bodies);
    expect(bodiesOf(again.store, 'T', 1)).toEqual([...bodies, 'last']);
    // With no queue left everything is dispatched again.
    if (path.length > 1) expect(again.store.maxOffsetInQueue('Gone', 0)).toBe(0);
    expect(again.store.put(message('T', 0, 'new')).queueOffset).toBe(35);
    await again.store.stop();
    const third = await Fixture.open(root, { mappedFileSizeConsumeQueue: 200 });
    expect(bodiesOf(third.store, 'T', 0)).toEqual([...bodies, 'new']);
    await third.store.stop();
  });

  it('a list that does not fit the log, or is no list, is left out', async () => {
    for (const text of ['{"logEnd":1,"queues":[["X",0,0,5]]}', 'x']) {
      const { root, bodies } = await filled();
      writeFileSync(join(root, 'queuelist.json'), text);
      const again = await Fixture.open(root, { mappedFileSizeConsumeQueue: 200 });
      expect(bodiesOf(again.store, 'T', 0)).toEqual(bodies);
      expect(again.store.maxOffsetInQueue('X', 0)).toBe(0);
      await again.store.stop();
    }
  });

  it('also when the last record of all is one of that queue', async () => {
    const root = tempRoot();
    const f = await Fixture.open(root);
    for (const body of ['a', 'b', 'c']) await f.put(message('T', 0, body), message('T', 1, body));
    await f.store.stop();
    rmSync(join(root, 'consumequeue', 'T', '1'), { recursive: true });
    const again = await Fixture.open(root);
    expect(bodiesOf(again.store, 'T', 1)).toEqual(['a', 'b', 'c']);
    await again.store.stop();
  });

  it.each([
    ['the directory of a batch queue', '0'],
    ['all batch queues of a topic', ''],
  ])('%s that is gone is built again', async (_name, path) => {
    const root = tempRoot();
    const options = { isBatchTopic: (topic: string) => topic === 'B' };
    const f = await Fixture.open(root, options);
    const batch = { sysFlag: 0xc0, properties: 'INNER_NUM\u00013\u0002' };
    for (let n = 0; n < 5; n++) await f.put(message('B', 0, `b${n}`, batch), message('B', 1, `c${n}`, batch));
    await f.put(message('T', 0, 'last'));
    await f.store.stop();
    rmSync(join(root, 'batchconsumequeue', 'B', path), { recursive: true });
    const again = await Fixture.open(root, options);
    expect([again.store.minOffsetInQueue('B', 0), again.store.maxOffsetInQueue('B', 0)]).toEqual([0, 15]);
    expect(again.store.getMessages('B', 0, 0, 32, 1 << 20)).toMatchObject({ status: 'FOUND', nextBeginOffset: 15 });
    expect(again.store.put(message('B', 0, 'new', batch)).queueOffset).toBe(15);
    await again.store.stop();
  });
});
