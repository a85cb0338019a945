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
});
