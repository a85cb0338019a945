import { type MessageStore, decodeMessage } from '../src/index';
import { EdgeWorld, HOWS, type How, numbered } from './edges/edge-world';
import { message } from './store-fixture';

const QUEUE = '/store/consumequeue/T/0/00000000000000000000';
const COUNT = 24;
const OPTIONS = { maxHashSlotNum: 16, maxIndexNum: 30 };

async function filled(how: How): Promise<EdgeWorld> {
  const world = new EdgeWorld(OPTIONS);
  await world.open();
  const bodies = numbered(COUNT);
  await world.fixture.put(
    ...bodies.map((body) => message('T', 0, body, { properties: `KEYS\u0001${body}\u0002TAGS\u0001red\u0002` })),
  );
  if (how === 'kill') {
    // As the periodic flush does it: a killed process leaves its units in the files.
    const { table } = (world.fixture.store as unknown as { parts: { table: { flushAll(): void } } }).parts;
    table.flushAll();
  }
  await world.leave(how);
  return world;
}

/** A copy of what a world left, with one bit flipped. */
function flipped(source: EdgeWorld, path: string, at: number, bit: number): EdgeWorld {
  const world = new EdgeWorld(OPTIONS);
  for (const each of source.disk.paths()) world.disk.set(each, source.disk.content(each) as Buffer);
  const content = world.disk.content(path) as Buffer;
  const place = at + (bit >> 3);
  content[place] = (content[place] as number) ^ (0x80 >> (bit & 7));
  return world;
}

/** What a consumer gets who reads from the beginning to the end, by its place in the queue. */
function served(store: MessageStore): Map<number, string> {
  const found = new Map<number, string>();
  const max = store.maxOffsetInQueue('T', 0);
  for (let offset = store.minOffsetInQueue('T', 0); offset < max;) {
    const result = store.getMessages('T', 0, offset, 1, 1 << 20);
    for (const bytes of result.messages) found.set(result.nextBeginOffset - 1, decodeMessage(bytes).body.toString());
    expect(result.nextBeginOffset).toBeGreaterThan(offset);
    offset = result.nextBeginOffset;
  }
  return found;
}

describe.each(HOWS)('after a %s, a bit flipped', (how) => {
  it.each([
    ['the first', 0],
    ['a middle', 13],
    ['the last', COUNT - 1],
  ])(
    'in %s unit of a queue: nothing that is no record is served, and every other message is',
    async (_name, unit) => {
      const source = await filled(how);
      for (let bit = 0; bit < 20 * 8; bit += bit < 96 ? 1 : 7) {
        const world = flipped(source, QUEUE, unit * 20, bit);
        await world.open();
        const found = served(world.fixture.store);
        const lost = numbered(COUNT).filter((body, offset) => offset !== unit && found.get(offset) !== body);
        expect({ bit, lost }).toEqual({ bit, lost: [] });
        expect(numbered(COUNT)).toContain(found.get(unit) ?? 'm00');
        expect(await world.next()).toBe(COUNT);
        await world.leave('stop');
      }
    },
    60_000,
  );

  it('in an index file: messages are served, no key finds another message, keys that come are found', async () => {
    const source = await filled(how);
    const [path] = source.disk.paths().filter((each) => each.includes('/index/')) as [string];
    for (let bit = 0; bit < (40 + 64 + 20 * 6) * 8; bit += 7) {
      const world = flipped(source, path, 0, bit);
      await world.open();
      const { store } = world.fixture;
      for (const body of numbered(COUNT)) {
        for (const record of store.queryByKey('T', body, 64, 0, 2 ** 50).records)
          expect(decodeMessage(record).body.toString()).toBe(body);
      }
      await world.fixture.put(message('T', 0, 'new', { properties: 'KEYS\u0001new\u0002' }));
      expect({ bit, found: store.queryByKey('T', 'new', 64, 0, 2 ** 50).records.length }).toEqual({ bit, found: 1 });
      expect(world.bodies()).toEqual([...numbered(COUNT), 'new']);
      await world.leave('stop');
    }
  }, 60_000);

  it('in the checkpoint: everything is there', async () => {
    const source = await filled(how);
    const path = '/store/checkpoint';
    if (source.disk.content(path) === undefined) source.disk.set(path, Buffer.alloc(4096));
    for (let bit = 0; bit < 40 * 8; bit += 3) {
      const world = flipped(source, path, 0, bit);
      await world.open();
      expect({ bit, bodies: world.bodies() }).toEqual({ bit, bodies: numbered(COUNT) });
      expect(await world.next()).toBe(COUNT);
      await world.leave('stop');
    }
  }, 60_000);
});
