import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/**
 * Found by the whole-cluster simulation (a replica refused its master for ever: "replica bytes cross the end of their
 * file"): a replica that starts in the middle of a file fills a piece of its tail cache across the file's end.
 */
describe('reading the log', () => {
  it('never crosses a file, also where the tail cache does', async () => {
    const master = await Fixture.open(tempRoot());
    for (let i = 0; i < 600; i++) master.store.put(message('T', 0, `m${i}${'y'.repeat(200)}`));
    const from = master.store.log;
    const { fileSize } = from;
    await master.store.whenDurable(from.maxOffset());
    expect(from.maxOffset()).toBeGreaterThan(2 * fileSize);
    const root = tempRoot();
    const half = await Fixture.open(root, { enableControllerMode: true });
    const first = from.read(0, 5000) as Buffer;
    half.store.log.append(0, first);
    const end = await half.store.log.cutIncompleteTail();
    for (let at = end; at < from.maxOffset();) {
      const bytes = from.read(at, Math.min(5000, fileSize - (at % fileSize))) as Buffer;
      half.store.log.append(at, bytes);
      at += bytes.length;
    }
    for (let at = end; at < from.maxOffset();) {
      const bytes = half.store.log.read(at, 1 << 20) as Buffer;
      expect((at % fileSize) + bytes.length).toBeLessThanOrEqual(fileSize);
      at += bytes.length;
    }
    await half.store.stop();
    await master.store.stop();
  });
});
