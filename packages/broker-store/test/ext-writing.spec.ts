import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMessage, javaHash, type MessageStore, type StoreOptions } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/** Three units and the mark of the end. */
const EXT_BYTES = 64;
const OPTIONS: Partial<StoreOptions> = { enableConsumeQueueExt: true, mappedFileSizeConsumeQueueExt: EXT_BYTES };
const TAGS = ['red', 'blue', 'red', 'green', ''];

const tagged = (tag: string) => message('T', 0, tag, tag === '' ? {} : { properties: `TAGS\u0001${tag}\u0002` });

function bodies(store: MessageStore, tag: string): string[] {
  const all: string[] = [];
  for (let from = store.minOffsetInQueue('T', 0); from < store.maxOffsetInQueue('T', 0);) {
    const found = store.getMessages('T', 0, from, 32, 1 << 20, { matchesTags: (code) => code === javaHash(tag) });
    for (const bytes of found.messages)
      for (let at = 0; at < bytes.length; at += decodeMessage(bytes, at).totalSize)
        all.push(decodeMessage(bytes, at).body.toString());
    from = found.nextBeginOffset;
  }
  return all;
}

const extFiles = (root: string): string[] => readdirSync(join(root, 'consumequeue_ext/T/0')).sort();

/** What the tags code fields of the queue's units have. */
function fields(root: string, count: number): bigint[] {
  const units = readFileSync(join(root, 'consumequeue/T/0/00000000000000000000'));
  return Array.from({ length: count }, (_, i) => units.readBigInt64BE(i * 20 + 12));
}

async function written(): Promise<string> {
  const root = tempRoot();
  const one = await Fixture.open(root, OPTIONS);
  for (const tag of TAGS) await one.put(tagged(tag));
  await one.store.stop();
  return root;
}

describe('enableConsumeQueueExt', () => {
  it('writes what RocketMQ writes: addresses into the queue, units and the mark of the end beside it', async () => {
    const root = await written();
    const places = [0n, 20n, 40n, 64n, 84n];
    expect(fields(root, 5)).toEqual(places.map((place) => place - 2n ** 63n));
    expect(extFiles(root)).toEqual(['00000000000000000000', '00000000000000000064']);
    const ext = Buffer.concat(extFiles(root).map((name) => readFileSync(join(root, 'consumequeue_ext/T/0', name))));
    TAGS.forEach((tag, i) => {
      const at = Number(places[i]);
      expect([ext.readInt16BE(at), ext.readBigInt64BE(at + 2)]).toEqual([20, BigInt(tag === '' ? 0 : javaHash(tag))]);
      expect(Number(ext.readBigInt64BE(at + 10))).toBeGreaterThan(1_700_000_000_000);
      expect(ext.readInt16BE(at + 18)).toBe(0);
    });
    expect(ext.readInt16BE(60)).toBe(-1);
    expect(ext.subarray(104).every((byte) => byte === 0)).toBe(true);
  });

  it('finds tags before anything is written, when it is, and after a stop and a kill', async () => {
    const root = tempRoot();
    const first = await Fixture.open(root, { ...OPTIONS, flushIntervalConsumeQueue: 1_000_000 });
    for (const tag of TAGS) await first.put(tagged(tag));
    expect(existsSync(join(root, 'consumequeue_ext'))).toBe(true);
    expect(bodies(first.store, 'red')).toEqual(['red', 'red']);
    await first.kill();
    const second = await Fixture.open(root, OPTIONS);
    expect(bodies(second.store, 'blue')).toEqual(['blue']);
    await second.put(tagged('blue'));
    expect(bodies(second.store, 'blue')).toEqual(['blue', 'blue']);
    await second.store.stop();
    // What is there is found, whatever is configured.
    const third = await Fixture.open(root, { mappedFileSizeConsumeQueueExt: EXT_BYTES });
    await third.put(tagged('blue'));
    expect(bodies(third.store, 'blue')).toEqual(['blue', 'blue', 'blue']);
    expect(bodies(third.store, 'grey')).toEqual([]);
    await third.store.stop();
    expect(fields(root, 7).map((field) => field < -(2n ** 31n))).toEqual([true, true, true, true, true, true, false]);
  });

  it('gives no place twice: neither after a cut nor where files were lost', async () => {
    const root = await written();
    const one = await Fixture.open(root, OPTIONS);
    const begin = decodeMessage(one.store.getMessages('T', 0, 1, 1, 1 << 20).messages[0] as Buffer).physicalOffset;
    await one.store.log.truncate(begin);
    for (const tag of ['green', 'blue']) await one.put(tagged(tag));
    expect(['red', 'green', 'blue'].map((tag) => bodies(one.store, tag))).toEqual([['red'], ['green'], ['blue']]);
    await one.store.stop();
    const before = fields(root, 3);
    expect(before.map((field) => Number(field + 2n ** 63n))).toEqual([0, 104, 128]);

    rmSync(join(root, 'consumequeue_ext'), { recursive: true });
    const two = await Fixture.open(root, OPTIONS);
    await two.put(tagged('red'));
    // What cannot be looked up goes to the consumer, who filters.
    expect(bodies(two.store, 'red')).toEqual(['red', 'green', 'blue', 'red']);
    await two.store.stop();
    expect(Number((fields(root, 4)[3] as bigint) + 2n ** 63n)).toBe(3 * EXT_BYTES);
  });

  it('files to which nobody refers go with the files of the queue', async () => {
    const root = tempRoot();
    const options = {
      ...OPTIONS,
      mappedFileSizeCommitLog: 1024,
      mappedFileSizeConsumeQueue: 200,
      fileReservedTime: 0,
      cleanResourceInterval: 10,
      deleteWhen: Array.from({ length: 24 }, (_, hour) => hour).join(';'),
    };
    const writer = await Fixture.open(root, options);
    for (let i = 0; i < 40; i++) await writer.put(tagged('red'));
    await writer.store.stop();
    const one = await Fixture.open(root, options);
    (one.store as unknown as { upkeep: { clean(): void } }).upkeep.clean();
    const first = one.store.minOffsetInQueue('T', 0);
    expect(first).toBeGreaterThan(20);
    expect(bodies(one.store, 'red')).toHaveLength(40 - first);
    await one.store.stop();
    expect(Number(extFiles(root)[0])).toBeGreaterThan(EXT_BYTES);
  });

  it('a directory that makes no sense costs no message: tags codes stand in the units then', async () => {
    const root = await written();
    const one = await Fixture.open(root, { ...OPTIONS, mappedFileSizeConsumeQueueExt: 48 });
    await one.put(tagged('blue'));
    expect(fields(root, 5).every((field) => field < 0n)).toBe(true);
    expect(bodies(one.store, 'blue')).toContain('blue');
    await one.store.stop();
    expect(fields(root, 6)[5]).toBe(BigInt(javaHash('blue')));
  });

  it('refuses files that hold no unit', async () => {
    await expect(Fixture.open(tempRoot(), { ...OPTIONS, mappedFileSizeConsumeQueueExt: 23 })).rejects.toMatchObject({
      code: 'BAD_OPTION',
    });
  });
});
