import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

const properties = 'UNIQ_KEY\u0001D3DC02CBD76275BFCDCF05580000000F\u0002WAIT\u0001true\u0002';

/**
 * Found by the whole-cluster simulation (replicas with different logs): a replica that was killed between two packets has
 * the front of a record, and zeros where its end belongs. The body's CRC says nothing about the properties.
 */
describe('recovery of a record that was cut off', () => {
  it.each([1, 20, properties.length - 1, properties.length + 1, properties.length + 4])(
    'ends before it when the last %i bytes are missing',
    async (missing) => {
      const master = await Fixture.open(tempRoot());
      const first = master.store.put(message('T', 0, 'first', { properties }));
      const second = master.store.put(message('T', 0, 'second', { properties }));
      await master.store.whenDurable(second.endOffset);
      const bytes = master.store.log.read(0, second.endOffset) as Buffer;
      const root = tempRoot();
      const replica = await Fixture.open(root, { enableControllerMode: true });
      replica.store.log.append(0, bytes.subarray(0, second.endOffset - missing));
      await replica.kill();
      const again = await Fixture.open(root, { enableControllerMode: true });
      expect(again.store.log.maxOffset()).toBe(first.endOffset);
      again.store.log.append(first.endOffset, bytes.subarray(first.endOffset));
      expect(again.store.log.read(0, second.endOffset)?.equals(bytes)).toBe(true);
      await again.store.stop();
      await master.store.stop();
    },
  );

  it.each([0, 3, 9])(
    'ends before it when a page was lost that ends inside the topic, from character %i on',
    async (at) => {
      const root = tempRoot();
      const f = await Fixture.open(root, { enableControllerMode: true });
      const first = await f.put(message('TopicOfTen', 0, 'first', { properties }));
      await f.put(message('TopicOfTen', 0, 'second', { properties }));
      await f.kill();
      const path = join(root, 'commitlog', '00000000000000000000');
      const log = readFileSync(path);
      log[log.indexOf('TopicOfTen', first) + at] = 0;
      writeFileSync(path, log);
      const again = await Fixture.open(root, { enableControllerMode: true });
      expect(again.store.log.maxOffset()).toBe(first);
      await again.store.stop();
    },
  );
});
