import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMessage, type DamagedRange } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

const [NAME_END, PAIR_END] = ['\u0001', '\u0002'];
const CRC = new RegExp(`${PAIR_END}?__CRC32#${NAME_END}\\d{10}${PAIR_END}$`);
const WALK = { crcWalkInterval: 0, crcWalkBytesPerSecond: 0, flushDiskType: 'SYNC_FLUSH' } as const;

const propertiesOf = (f: Fixture): string[] =>
  f.store.getMessages('T', 0, 0, 32, 1 << 20).messages.flatMap((slice) => {
    const all: string[] = [];
    for (let at = 0; at < slice.length; at += decodeMessage(slice, at).totalSize)
      all.push(decodeMessage(slice, at).properties);
    return all;
  });

/** Another value for the property of the record. */
function damage(root: string, from: string, to: string): void {
  const path = join(root, 'commitlog/00000000000000000000');
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(to), 0, to.length, readFileSync(path).indexOf(from));
  closeSync(file);
}

async function damaged(f: Fixture): Promise<DamagedRange[]> {
  const found: DamagedRange[] = [];
  f.store.onDamage((range) => found.push(range));
  const { crcWalk } = f.store as unknown as { crcWalk: { rounds: number; step(bytes: number): Promise<void> } };
  while (crcWalk.rounds === 0) await crcWalk.step(1 << 20);
  return found;
}

describe('enabledAppendPropCRC', () => {
  it('gives every record its CRC, once, whatever the producer sent', async () => {
    const f = await Fixture.open(tempRoot(), { enabledAppendPropCRC: true });
    const made = '__CRC32#\u00011111111111\u0002';
    for (const properties of ['', 'A\u0001b', 'A\u0001b\u0002', `A\u0001b\u0002${made}`, `${made}A\u0001b\u0002`])
      await f.put(message('T', 0, 'x', { properties }));
    const found = propertiesOf(f);
    expect(found.map((text) => text.replace(CRC, ''))).toEqual(['', 'A\u0001b', 'A\u0001b', 'A\u0001b', 'A\u0001b']);
    expect(found.every((text) => CRC.test(text) && text.split('__CRC32#').length === 2)).toBe(true);
    await f.store.stop();
  });

  it('counts among the properties and their limit', async () => {
    const f = await Fixture.open(tempRoot(), { enabledAppendPropCRC: true, mappedFileSizeCommitLog: 1 << 20 });
    const sized = (bytes: number): string => `A\u0001${'b'.repeat(bytes - 3)}\u0002`;
    expect(f.store.put(message('T', 0, 'x', { properties: sized(32_767 - 20) })).status).toBe('PUT_OK');
    expect(f.store.put(message('T', 0, 'x', { properties: sized(32_767 - 19) })).status).toBe(
      'PROPERTIES_SIZE_EXCEEDED',
    );
    await f.store.stop();
  });

  it('a message keeps none that it brings, though the key is off: a later start could believe it', async () => {
    const f = await Fixture.open(tempRoot());
    await f.put(message('T', 0, 'x', { properties: 'A\u0001b\u0002__CRC32#\u00011111111111\u0002' }));
    expect(propertiesOf(f)).toEqual(['A\u0001b\u0002']);
    const own = 'A\u0001b\u0002__CRC32#\u00011111111111\u0002';
    const batch = Buffer.alloc(22 + own.length + 1);
    batch.writeInt32BE(batch.length, 0);
    batch.writeInt32BE(1, 16);
    batch.writeInt16BE(own.length, 21);
    batch.write(own, 23, 'latin1');
    expect(f.store.putBatch(message('T', 0, batch)).status).toBe('MESSAGE_ILLEGAL');
    batch.writeInt8(0x58, 23 + 4);
    expect(f.store.putBatch(message('T', 0, batch)).status).toBe('PUT_OK');
    expect(f.store.putBatch(message('T', 0, batch, { properties: own })).status).toBe('MESSAGE_ILLEGAL');
    await f.store.stop();
  });
});

describe('forceVerifyPropCRC', () => {
  it('the walk and recovery see damage in properties', async () => {
    const options = { ...WALK, enabledAppendPropCRC: true, forceVerifyPropCRC: true };
    const f = await Fixture.open(tempRoot(), options);
    const first = await f.put(message('T', 0, 'x', { properties: 'KEYS\u0001order-1\u0002' }));
    const second = await f.put(message('T', 0, 'x', { properties: 'KEYS\u0001order-2\u0002' }));
    expect(await damaged(f)).toEqual([]);
    damage(f.root, 'order-2', 'order-3');
    await f.kill();
    const careless = await Fixture.open(f.root, WALK);
    expect(await damaged(careless)).toEqual([]);
    expect(careless.store.log.maxOffset()).toBe(second);
    await careless.kill();
    const careful = await Fixture.open(f.root, options);
    expect(careful.store.log.maxOffset()).toBe(first);
    await careful.store.stop();
  });

  it('older records without one stay', async () => {
    const f = await Fixture.open(tempRoot(), WALK);
    const end = await f.put(...Array.from({ length: 5 }, () => message('T', 0, 'x', { properties: 'A\u0001b\u0002' })));
    await f.kill();
    const careful = await Fixture.open(f.root, { ...WALK, forceVerifyPropCRC: true, enabledAppendPropCRC: true });
    expect(careful.store.log.maxOffset()).toBe(end);
    await careful.put(message('T', 0, 'x'));
    expect(await damaged(careful)).toEqual([]);
    await careful.store.stop();
  });
});
