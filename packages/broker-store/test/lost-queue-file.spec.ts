import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bodiesOf } from './check-store';
import { Fixture, hostOfBoot, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/**
 * Found by the whole-cluster simulation: a power loss left the second file of a queue and not the first. The queue was
 * rebuilt from the second file's beginning, so the messages of the first were not served any more.
 */
it.each([
  [0, 'whole'],
  [0, 'zero'],
  [1, 'whole'],
  [1, 'zero'],
  [2, 'whole'],
])('rebuilds a queue whose file %i is lost, with those behind it %s', async (lost, others) => {
  const root = tempRoot();
  const options = { mappedFileSizeConsumeQueue: 200 };
  const first = await Fixture.open(root, options);
  const bodies = Array.from({ length: 35 }, (_, index) => `m${index}`);
  await first.put(...bodies.map((body) => message('T', 0, body)));
  await first.store.stop();
  const again = await Fixture.open(root, options);
  await again.kill();
  const directory = join(root, 'consumequeue', 'T', '0');
  const files = readdirSync(directory).sort();
  expect(files.length).toBe(4);
  rmSync(join(directory, files[lost] as string));
  if (others === 'zero') {
    for (const name of files.slice(lost + 1).map((file) => join(directory, file)))
      writeFileSync(name, Buffer.alloc(statSync(name).size));
  }
  const third = await Fixture.open(root, options, hostOfBoot('another'));
  expect(third.store.minOffsetInQueue('T', 0)).toBe(0);
  expect(bodiesOf(third.store, 'T', 0)).toEqual(bodies);
  await third.store.stop();
});
