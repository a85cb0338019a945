import { mkdirSync, readFileSync, readdirSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMessage, javaHash } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

/** A unit of consumequeue_ext as store-format.md 3.5 has it. */
function extUnit(tags: string, bitMapBytes: number): Buffer {
  const unit = Buffer.alloc(20 + bitMapBytes, 0xff);
  unit.writeInt16BE(unit.length, 0);
  unit.writeBigInt64BE(BigInt(javaHash(tags)), 2);
  unit.writeBigInt64BE(1_700_000_000_000n, 10);
  unit.writeInt16BE(bitMapBytes, 18);
  return unit;
}

const tagged = (tag: string): { properties: string } => ({ properties: `TAGS\u0001${tag}\u0002` });

/** A store whose queue units refer to consumequeue_ext, as RocketMQ leaves it with enableConsumeQueueExt. */
async function extended(fileBytes: number): Promise<string> {
  const root = tempRoot();
  const one = await Fixture.open(root);
  for (const tag of ['red', 'blue', 'red', 'green']) await one.put(message('T', 0, tag, tagged(tag)));
  await one.store.stop();
  const queue = join(root, 'consumequeue/T/0/00000000000000000000');
  const units = readFileSync(queue);
  const ext = Buffer.alloc(2 * fileBytes);
  let position = 0;
  for (const [i, tag] of ['red', 'blue', 'red', 'green'].entries()) {
    const unit = extUnit(tag, 8);
    if ((position % fileBytes) + unit.length + 4 > fileBytes) {
      ext.writeInt16BE(-1, position);
      position += fileBytes - (position % fileBytes);
    }
    unit.copy(ext, position);
    units.writeBigInt64BE(BigInt(position) - 2n ** 63n, i * 20 + 12);
    position += unit.length;
  }
  writeFileSync(queue, units);
  const directory = join(root, 'consumequeue_ext/T/0');
  mkdirSync(directory, { recursive: true });
  for (const start of [0, fileBytes])
    writeFileSync(join(directory, String(start).padStart(20, '0')), ext.subarray(start, start + fileBytes));
  return root;
}

function bodies({ store }: Fixture, tag: string): string[] {
  const all: string[] = [];
  for (let from = 0; from < store.maxOffsetInQueue('T', 0);) {
    const found = store.getMessages('T', 0, from, 32, 1 << 20, { matchesTags: (code) => code === javaHash(tag) });
    for (const bytes of found.messages) {
      for (let at = 0; at < bytes.length; at += decodeMessage(bytes, at).totalSize)
        all.push(decodeMessage(bytes, at).body.toString());
    }
    from = found.nextBeginOffset;
  }
  return all;
}

describe('a store with extended queue units', () => {
  afterAll(removeTempRoots);
  const sizes = { mappedFileSizeConsumeQueueExt: 64 };

  it('opens in place: tags are found where the units refer to, and new units have their own', async () => {
    const one = await Fixture.open(await extended(64), sizes);
    await one.put(message('T', 0, 'red again', tagged('red')));
    expect(bodies(one, 'red')).toEqual(['red', 'red', 'red again']);
    expect(bodies(one, 'green')).toEqual(['green']);
    expect(bodies(one, 'grey')).toEqual([]);
    await one.store.stop();
  });

  it('goes on behind the units of RocketMQ, and their bit maps', async () => {
    const root = await extended(64);
    const one = await Fixture.open(root, { ...sizes, enableConsumeQueueExt: true });
    await one.put(message('T', 0, 'red again', tagged('red')));
    expect(bodies(one, 'red')).toEqual(['red', 'red', 'red again']);
    await one.store.stop();
    const units = readFileSync(join(root, 'consumequeue/T/0/00000000000000000000'));
    expect(units.readBigInt64BE(4 * 20 + 12)).toBe(128n - 2n ** 63n);
    expect(readFileSync(join(root, 'consumequeue_ext/T/0/00000000000000000064')).readInt16BE(56)).toBe(-1);
  });

  it('gives what it cannot look up to the consumer, who filters', async () => {
    const root = await extended(64);
    writeFileSync(join(root, 'consumequeue_ext/T/0/00000000000000000000'), Buffer.alloc(64));
    const one = await Fixture.open(root, sizes);
    expect(bodies(one, 'green')).toEqual(['red', 'blue', 'green']);
    await one.store.stop();
  });

  it('loses them with the topic', async () => {
    const root = await extended(64);
    const one = await Fixture.open(root, sizes);
    bodies(one, 'red');
    one.store.deleteTopic('T');
    expect(existsSync(join(root, 'consumequeue_ext/T'))).toBe(false);
    expect(readdirSync(join(root, 'consumequeue_ext'))).toEqual([]);
    await one.store.stop();
  });
});
