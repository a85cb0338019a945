import { MessageStore } from '../../src/index';
import { nodeHost, silentLog } from '@batonmq/host';
import { message, testOptions } from '../store-fixture';
import { EdgeWorld, HOWS, type How, LOG, LOG_FILE, logFile, numbered } from './edge-world';

/** Bytes of a record of topic T without properties, beside its body. */
const FRAME = 92;

/** A store with `count` small messages in queue T-0. */
async function filled(count: number, options = {}): Promise<{ world: EdgeWorld; bodies: string[]; ends: number[] }> {
  const world = new EdgeWorld(options);
  const { store, ...rest } = await world.open();
  void rest;
  const bodies = numbered(count);
  const ends: number[] = [];
  for (const body of bodies) ends.push(await world.fixture.put(message('T', 0, body)));
  void store;
  return { world, bodies, ends };
}

describe('20.2 the end of a log file', () => {
  it.each([
    [8, 0],
    [7, LOG_FILE],
    [0, LOG_FILE],
    [9, 0],
  ])('a record that would leave %i bytes begins at %i', async (leave, begin) => {
    for (const how of HOWS) {
      const world = new EdgeWorld();
      const { store } = await world.open();
      const first = await world.fixture.put(message('T', 0, 'first'));
      const body = 'x'.repeat(LOG_FILE - first - leave - FRAME);
      const put = store.put(message('T', 0, body));
      expect(put.physicalOffset).toBe(begin === 0 ? first : begin);
      await world.fixture.put(message('T', 0, 'last'));
      await world.again(how);
      expect(world.bodies()).toEqual(['first', body, 'last']);
      expect(await world.next()).toBe(3);
      await world.leave('stop');
    }
  });

  it.each(HOWS)('a batch that does not fit by one byte goes to the next file as a whole (%s)', async (how) => {
    const one = (body: string): Buffer => {
      const bytes = Buffer.alloc(22 + body.length);
      bytes.writeInt32BE(bytes.length, 0);
      bytes.writeInt32BE(body.length, 16);
      bytes.write(body, 20);
      return bytes;
    };
    const batch = { ...message('T', 0, ''), body: Buffer.concat([one('b0'), one('b1'), one('b2')]) };
    const bytes = 3 * (FRAME + 2);
    for (const fits of [true, false]) {
      const world = new EdgeWorld();
      await world.open();
      const left = bytes + 8 - (fits ? 0 : 1);
      const end = await world.fixture.put(message('T', 0, 'x'.repeat(LOG_FILE - left - FRAME)));
      const put = world.fixture.store.putBatch(batch);
      expect(put.physicalOffset).toBe(fits ? end : LOG_FILE);
      await world.fixture.store.whenDispatched(put.endOffset);
      await world.again(how);
      expect(world.bodies().slice(1)).toEqual(['b0', 'b1', 'b2']);
      await world.leave('stop');
    }
  });

  it.each(HOWS)('a blank whose next file was never made, or is all zeros (%s)', async (how) => {
    for (const next of ['none', 'zeros']) {
      const { world, bodies, ends } = await filled(30);
      const kept = ends.filter((end) => end <= LOG_FILE).length;
      await world.leave(how);
      world.remove(LOG + '/0000000000000000');
      const { world: source } = await filled(30);
      await source.leave('stop');
      world.disk.set(logFile(0), source.disk.content(logFile(0)) as Buffer);
      if (next === 'zeros') world.disk.set(logFile(LOG_FILE), Buffer.alloc(LOG_FILE));
      await world.open();
      expect(world.bodies()).toEqual(bodies.slice(0, kept));
      const put = world.fixture.store.put(message('T', 0, 'next'));
      expect([put.status, put.queueOffset, put.physicalOffset]).toEqual(['PUT_OK', kept, LOG_FILE]);
      await world.fixture.store.whenDispatched(put.endOffset);
      await world.again('kill');
      expect(world.bodies()).toEqual([...bodies.slice(0, kept), 'next']);
      await world.leave('stop');
    }
  });

  it.each(HOWS)('a next file of zeros, as Java makes it ahead, is taken when it is its turn (%s)', async (how) => {
    const { world, bodies } = await filled(5);
    await world.leave(how);
    world.disk.set(logFile(LOG_FILE), Buffer.alloc(LOG_FILE));
    await world.open();
    expect(world.fixture.store.put(message('T', 0, 'same file')).physicalOffset).toBeLessThan(LOG_FILE);
    const put = world.fixture.store.put(message('T', 0, 'y'.repeat(1500)));
    expect(put.physicalOffset).toBe(LOG_FILE);
    await world.fixture.store.whenDispatched(put.endOffset);
    await world.again(how);
    expect(world.bodies()).toEqual([...bodies, 'same file', 'y'.repeat(1500)]);
    await world.leave('stop');
  });
});

describe('20.3 clean stop and start', () => {
  it('same ends, nothing dispatched twice, abort gone, all files of full length', async () => {
    const { world, bodies } = await filled(120, { mappedFileSizeConsumeQueue: 400 });
    expect(world.disk.content('/store/abort')).toBeDefined();
    const { store } = world.fixture;
    const before = [store.log.minOffset(), store.log.maxOffset(), store.maxOffsetInQueue('T', 0)];
    await world.leave('stop');
    expect(world.disk.content('/store/abort')).toBeUndefined();
    const lengths = (folder: string): number[] => [
      ...new Set(
        world.disk
          .paths()
          .filter((path) => path.startsWith(folder))
          .map((path) => (world.disk.content(path) as Buffer).length),
      ),
    ];
    expect(lengths(LOG)).toEqual([LOG_FILE]);
    expect(lengths('/store/consumequeue')).toEqual([400]);
    const queueBytes = Buffer.from(world.disk.content('/store/consumequeue/T/0/00000000000000000800') as Buffer);
    const again = await world.open();
    let arrivals = 0;
    again.store.onArrival(() => arrivals++);
    await again.store.whenDispatched(again.store.log.maxOffset());
    expect([again.store.log.minOffset(), again.store.log.maxOffset(), again.store.maxOffsetInQueue('T', 0)]).toEqual(
      before,
    );
    expect([arrivals, world.disk.content('/store/abort') === undefined]).toEqual([0, false]);
    expect(world.bodies()).toEqual(bodies);
    await world.leave('stop');
    expect(world.disk.content('/store/consumequeue/T/0/00000000000000000800')?.equals(queueBytes)).toBe(true);
  });

  it('warm start: it reads the heads of the files and the newest of them, not the whole log', async () => {
    const { world } = await filled(400);
    await world.leave('stop');
    const segments = world.disk.paths().filter((path) => path.startsWith(LOG)).length;
    expect(segments).toBeGreaterThan(10);
    await world.open();
    const line = world.lines.find((each) => each.includes('commit log recovered')) as string;
    const { from, end } = JSON.parse(line.slice(line.indexOf('{'))) as { from: number; end: number };
    expect(end - from).toBeLessThanOrEqual(LOG_FILE);
    await world.leave('stop');
  });
});

describe('20.5 a torn last record', () => {
  const WRONG: [what: string, at: number, bytes: number[]][] = [
    ['totalSize 0', 0, [0, 0, 0, 0]],
    ['a negative totalSize', 0, [0xff, 0xff, 0xff, 0x00]],
    ['a huge totalSize', 0, [0x7f, 0xff, 0xff, 0xff]],
    ['a totalSize one too high', 3, [FRAME + 4]],
    ['a wrong magic', 4, [1, 2, 3, 4]],
    ['a wrong CRC', 8, [1]],
    ['another physical offset', 34, [9]],
    ['a negative body length', 84, [0xff, 0xff, 0xff, 0xff]],
    ['a body length above its size', 84, [0, 0, 0x10, 0]],
    ['a topic length above its size', 91, [0xff]],
    ['a properties length above its size', 93, [0x7f, 0xff]],
  ];

  it.each(WRONG)('with %s is cut, and nothing before it', async (_what, at, bytes) => {
    const { world, bodies, ends } = await filled(10);
    await world.leave('kill');
    Buffer.from(bytes).copy(world.disk.content(logFile(0)) as Buffer, (ends[8] as number) + at);
    await world.open();
    expect(world.bodies()).toEqual(bodies.slice(0, 9));
    expect(world.fixture.store.log.maxOffset()).toBe(ends[8]);
    expect(await world.next()).toBe(9);
    await world.again('kill');
    expect(world.bodies()).toEqual([...bodies.slice(0, 9), 'next']);
    await world.leave('stop');
  });

  it('cut after any of its bytes: zeros behind', async () => {
    const { world: source, bodies, ends } = await filled(6);
    await source.leave('kill');
    const whole = source.disk.content(logFile(0)) as Buffer;
    for (let cut = ends[4] as number; cut < (ends[5] as number); cut++) {
      const world = new EdgeWorld();
      world.disk.set(logFile(0), Buffer.concat([whole.subarray(0, cut), Buffer.alloc(LOG_FILE - cut)]));
      world.disk.set('/store/abort', Buffer.from('1'));
      await world.open();
      // What it ends with may be zeros itself.
      const lost = whole.subarray(cut, ends[5]).some((byte) => byte !== 0);
      expect([cut, world.bodies()]).toEqual([cut, bodies.slice(0, lost ? 5 : 6)]);
      await world.leave('stop');
    }
  });
});

describe('20.6 a checkpoint', () => {
  const future = Buffer.alloc(4096);
  for (const at of [0, 8, 16]) future.writeBigInt64BE(2n ** 60n, at);
  const CHECKPOINTS: [what: string, content: Buffer | undefined][] = [
    ['that is missing', undefined],
    ['of zeros', Buffer.alloc(4096)],
    ['of 24 bytes, as 4.9 leaves it', Buffer.alloc(24, 0)],
    ['of no bytes', Buffer.alloc(0)],
    ['from the future (the clock went back)', future],
    ['of nonsense', Buffer.alloc(4096, 0xa5)],
  ];

  it.each(CHECKPOINTS.flatMap(([what, content]) => HOWS.map((how) => [what, how, content] as const)))(
    '%s, after %s: everything is there',
    async (_what, how, content) => {
      const { world, bodies } = await filled(60);
      await world.leave(how);
      world.remove('/store/checkpoint');
      if (content !== undefined) world.disk.set('/store/checkpoint', content);
      await world.open();
      expect(world.bodies()).toEqual(bodies);
      expect(await world.next()).toBe(60);
      await world.again('kill');
      expect(world.bodies()).toEqual([...bodies, 'next']);
      await world.leave('stop');
    },
  );
});

describe('20.7 deleted', () => {
  const keyed = (body: string): { properties: string } => ({ properties: `KEYS\u0001key-${body}\u0002` });

  async function withKeys(): Promise<{ world: EdgeWorld; bodies: string[]; ends: number[] }> {
    const world = new EdgeWorld();
    await world.open();
    const bodies = numbered(60);
    const ends: number[] = [];
    for (const body of bodies) ends.push(await world.fixture.put(message('T', 0, body, keyed(body))));
    return { world, bodies, ends };
  }

  it.each(HOWS)('index/: messages are served, and new keys found (%s)', async (how) => {
    const { world, bodies } = await withKeys();
    await world.leave(how);
    world.remove('/store/index/');
    await world.open();
    expect(world.bodies()).toEqual(bodies);
    await world.fixture.put(message('T', 0, 'new', keyed('new')));
    const { store } = world.fixture;
    expect(store.queryByKey('T', 'key-new', 9, 0, 2 ** 50).records).toHaveLength(1);
    // After a crash what is dispatched again is indexed again.
    if (how === 'kill') expect(store.queryByKey('T', 'key-m59', 9, 0, 2 ** 50).records).toHaveLength(1);
    await world.leave('stop');
  });

  it.each(HOWS)('the first log file: the queue begins behind it, at the offsets it had (%s)', async (how) => {
    const { world, bodies, ends } = await withKeys();
    await world.leave(how);
    world.remove(logFile(0));
    await world.open();
    const gone = ends.filter((end) => end <= LOG_FILE).length;
    const { store } = world.fixture;
    expect(store.log.minOffset()).toBe(LOG_FILE);
    expect(store.minOffsetInQueue('T', 0)).toBe(gone);
    expect(world.bodies()).toEqual(bodies.slice(gone));
    expect(await world.next()).toBe(60);
    await world.leave('stop');
  });

  it.each(HOWS)('a middle log file: refused by name (%s)', async (how) => {
    const { world } = await withKeys();
    await world.leave(how);
    world.remove(logFile(LOG_FILE));
    await expect(world.open()).rejects.toMatchObject({ code: 'STORE_CORRUPT', message: expect.stringContaining(LOG) });
  });

  it.each(HOWS)('the newest log file: queues, index and offsets go back to what the log has (%s)', async (how) => {
    const { world, bodies, ends } = await withKeys();
    await world.leave(how);
    const last = Math.floor((ends.at(-1) as number) / LOG_FILE) * LOG_FILE;
    world.remove(logFile(last));
    await world.open();
    const kept = ends.filter((end) => end <= last).length;
    expect(kept).toBeLessThan(60);
    expect(world.bodies()).toEqual(bodies.slice(0, kept));
    expect(world.fixture.store.queryByKey('T', 'key-m59', 9, 0, 2 ** 50).records).toEqual([]);
    const end = await world.fixture.put(message('T', 0, 'next', keyed('next')));
    expect(end).toBeGreaterThan(last);
    expect(world.fixture.store.queryByKey('T', 'key-next', 9, 0, 2 ** 50).records).toHaveLength(1);
    await world.again('kill');
    expect(world.bodies()).toEqual([...bodies.slice(0, kept), 'next']);
    await world.leave('stop');
  });

  it.each(HOWS)('all log files: an empty store, offsets from 0 (%s)', async (how) => {
    const { world } = await withKeys();
    await world.leave(how);
    world.remove(`${LOG}/`);
    await world.open();
    expect([world.fixture.store.log.minOffset(), world.fixture.store.maxOffsetInQueue('T', 0)]).toEqual([-1, 0]);
    await world.fixture.put(message('T', 0, 'new', keyed('m03')));
    expect(world.bodies()).toEqual(['new']);
    expect(world.fixture.store.queryByKey('T', 'key-m03', 9, 0, 2 ** 50).records).toHaveLength(1);
    await world.again('kill');
    expect(world.bodies()).toEqual(['new']);
    await world.leave('stop');
  });
});

describe('20.9 a queue file that is just full', () => {
  it.each(HOWS)('without the next one, or with one of zeros (%s)', async (how) => {
    for (const next of [undefined, Buffer.alloc(200)]) {
      const { world, bodies } = await filled(20, { mappedFileSizeConsumeQueue: 200 });
      await world.leave(how);
      world.remove('/store/consumequeue/T/0/00000000000000000400');
      if (next !== undefined) world.disk.set('/store/consumequeue/T/0/00000000000000000400', next);
      await world.open();
      expect(world.fixture.store.maxOffsetInQueue('T', 0)).toBe(20);
      expect(await world.next()).toBe(20);
      await world.again(how);
      expect(world.bodies()).toEqual([...bodies, 'next']);
      await world.leave('stop');
    }
  });
});

describe('20.10 a cut', () => {
  const PLACES = ['a record boundary', 'a file boundary', 'the beginning', 'the end'] as const;
  const AFTER: [name: string, how: How, append: boolean][] = [
    ['a stop at once', 'stop', false],
    ['a crash at once', 'kill', false],
    ['an append and a crash', 'kill', true],
    ['an append and a stop', 'stop', true],
  ];

  it.each(PLACES.flatMap((place) => AFTER.map((after) => [place, ...after] as const)))(
    'at %s, then %s: what was cut stays away',
    async (place, _name, how, append) => {
      const { world, bodies, ends } = await filled(60);
      const { store } = world.fixture;
      const at = {
        'a record boundary': ends[24] as number,
        'a file boundary': 2 * LOG_FILE,
        'the beginning': 0,
        'the end': ends[59] as number,
      }[place];
      await store.log.truncate(at);
      const kept = ends.filter((end) => end <= at).length;
      const wanted = bodies.slice(0, kept);
      expect(store.log.maxOffset()).toBe(at);
      expect(world.bodies()).toEqual(wanted);
      if (append) {
        await world.fixture.put(message('T', 0, 'new'));
        wanted.push('new');
      }
      await world.again(how);
      expect(world.bodies()).toEqual(wanted);
      expect(await world.next()).toBe(wanted.length);
      await world.leave('stop');
    },
  );

  it('inside a record, in a blank, below the beginning or above the end: refused, nothing changes', async () => {
    const { world, bodies, ends } = await filled(60);
    const { log } = world.fixture.store;
    const blank = (ends.filter((end) => end <= LOG_FILE).at(-1) as number) + 4;
    for (const at of [(ends[3] as number) + 1, blank, -1, (ends[59] as number) + 1]) {
      await expect(log.truncate(at)).rejects.toMatchObject({ code: 'NOT_A_MESSAGE_BOUNDARY' });
      expect(log.maxOffset()).toBe(ends[59]);
    }
    expect(world.bodies()).toEqual(bodies);
    await world.leave('stop');
  });
});

describe('20.20 what does not belong there', () => {
  it.each(['.DS_Store', 'lost+found/x', '00000000000000000000.bak', '00000000000000002048/x'])(
    'commitlog/%s is named and left alone',
    async (name) => {
      const { world, bodies } = await filled(10);
      await world.leave('stop');
      world.disk.set(`${LOG}/${name}`, Buffer.from('not ours'));
      await world.open();
      expect(world.lines.filter((line) => line.includes(`${LOG}/${name.split('/')[0]}`))).toHaveLength(1);
      expect(world.bodies()).toEqual(bodies);
      await world.leave('stop');
      expect(world.disk.content(`${LOG}/${name}`)?.toString()).toBe('not ours');
    },
  );

  it.each(['consumequeue/.DS_Store', 'consumequeue/T/x', 'index/.DS_Store', 'config/topics.json.bak', 'x'])(
    '%s is left alone',
    async (name) => {
      const { world, bodies } = await filled(10);
      await world.leave('stop');
      world.disk.set(`/store/${name}`, Buffer.from('not ours'));
      await world.open();
      expect(world.bodies()).toEqual(bodies);
      await world.leave('stop');
      expect(world.disk.content(`/store/${name}`)?.toString()).toBe('not ours');
    },
  );

  it.each([
    ['commitlog/00000000000000000000', 4096, 'it has 4096 bytes, expected 2048'],
    ['commitlog/00000000000000000100', 2048, 'its name is no multiple of the file size 2048'],
    ['consumequeue/T/0/00000000000000000000', 3000, 'it has 3000 bytes, expected 2000'],
  ])('%s of %i bytes is refused by name', async (name, bytes, what) => {
    const { world } = await filled(10);
    await world.leave('stop');
    world.disk.set(`/store/${name}`, Buffer.alloc(bytes));
    const host = { ...nodeHost(silentLog), files: world.disk.boot() };
    const store = new MessageStore(host, { ...testOptions('/store'), mappedFileSizeCommitLog: LOG_FILE });
    await expect(store.load()).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining(`/store/${name}: ${what}`),
    });
  });

  it.each(['rdb', 'topics', 'subscriptionGroups', 'consumerOffsets'])(
    'config/%s/ (RocksDB) is refused',
    async (name) => {
      const world = new EdgeWorld();
      world.disk.set(`/store/config/${name}/CURRENT`, Buffer.alloc(1));
      await expect(world.open()).rejects.toMatchObject({
        code: 'STORE_UNSUPPORTED',
        message: expect.stringContaining(`/store/config/${name}`),
      });
    },
  );
});
