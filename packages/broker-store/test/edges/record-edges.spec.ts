import * as fc from 'fast-check';
import { deflateSync } from 'node:zlib';
import { nodeChecksums } from '@batonmq/host';
import { RecordEncoder, hostBytes } from '../../src/format/encode-record';
import { parseIp } from '../../src/format/ip';
import { type MessageInput, decodeMessage, indexHash, javaHash } from '../../src/index';
import { readQueue } from '../check-store';
import { message } from '../store-fixture';
import { EdgeWorld, HOWS } from './edge-world';

const BIG = { mappedFileSizeCommitLog: 128 << 10, maxMessageSize: 16 << 10 };
const text = (pairs: Record<string, string>): string =>
  Object.entries(pairs)
    .map(([name, value]) => `${name}\u0001${value}\u0002`)
    .join('');
const retry = (bytes: number): string => `%RETRY%${'r'.repeat(bytes - 7)}`;

describe('20.1 records', () => {
  const zipped = deflateSync(Buffer.alloc(5000, 'abc'));
  const KINDS: [what: string, wanted: Partial<MessageInput>, storeHost: string][] = (
    [
      ['an empty body', { body: Buffer.alloc(0) }],
      ['IPv4 hosts', {}],
      ['an IPv6 born host', { bornHost: { host: '2001:db8::1', port: 65_535 } }],
      ['an IPv6 store host', {}, '2001:db8::2'],
      ['IPv6 hosts', { bornHost: { host: '::1', port: 1 } }, '2001:db8::2'],
      ['a topic of 127 bytes', { topic: 't'.repeat(127) }],
      ['a topic of 128 bytes', { topic: retry(128) }],
      ['a topic of 255 bytes', { topic: retry(255) }],
      ['no properties', { properties: '' }],
      ['properties of 32767 bytes', { properties: text({ k: 'v'.repeat(32_764) }) }],
      ['properties without the last separator', { properties: text({ a: 'b', c: 'd' }).slice(0, -1) }],
      ['a property CRC', { properties: text({ a: 'b' }) }],
      ['a ZLIB body', { body: zipped, sysFlag: 0x1 | (3 << 8) }],
      ['an old client’s compressed body', { body: zipped, sysFlag: 0x1 }],
      ['a body of just maxMessageSize', { body: Buffer.alloc(16 << 10, 'x') }],
      ['a negative flag', { flag: -1, reconsumeTimes: 16 }],
      ['a commit', { sysFlag: 0x8, preparedTransactionOffset: 2 ** 40 }],
    ] as [string, Partial<MessageInput>, string?][]
  ).map(([what, wanted, host]) => [what, wanted, host ?? '192.168.0.10']);

  it.each(KINDS)('with %s comes back as it was put, also after a stop and a kill', async (what, wanted, host) => {
    const pairs = text({ a: 'b', '__CRC32#': 'digits' }).replace('digits', '\\d{10}');
    const crc = what === 'a property CRC' ? new RegExp(`^${pairs}$`) : undefined;
    const storeHost = { host, port: 10_911 };
    const world = new EdgeWorld({ ...BIG, storeHost, enabledAppendPropCRC: crc !== undefined });
    await world.open();
    const put = message('T', 3, 'body', wanted);
    const { storeTimestamp, endOffset } = world.fixture.store.put(put);
    await world.fixture.store.whenDispatched(endOffset);
    for (const how of ['none', ...HOWS, ...HOWS] as const) {
      if (how !== 'none') await world.again(how);
      const [found, ...more] = readQueue(world.fixture.store, put.topic, 3);
      expect(more).toEqual([]);
      const ip = (address: string): string => (parseIp(address) as Buffer).toString('hex');
      expect({
        ...found,
        bornHost: ip(found?.bornHost.host as string),
        sysFlag: (found?.sysFlag as number) & ~0x30,
      }).toMatchObject({
        topic: put.topic,
        version: put.topic.length > 127 ? 2 : 1,
        body: put.body,
        properties: crc === undefined ? put.properties : (expect.stringMatching(crc) as string),
        flag: put.flag,
        sysFlag: put.sysFlag,
        bornTimestamp: put.bornTimestamp,
        bornHost: ip(put.bornHost.host),
        reconsumeTimes: put.reconsumeTimes,
        preparedTransactionOffset: put.preparedTransactionOffset,
        queueOffset: 0,
        storeTimestamp,
      });
      expect(found?.bornHost.port).toBe(put.bornHost.port);
    }
    await world.leave('stop');
  });

  it.each([
    ['a topic of 128 bytes', { topic: 't'.repeat(128) }, 'MESSAGE_ILLEGAL'],
    ['a retry topic of 256 bytes', { topic: retry(256) }, 'MESSAGE_ILLEGAL'],
    ['properties of 32768 bytes', { properties: text({ k: 'v'.repeat(32_765) }) }, 'PROPERTIES_SIZE_EXCEEDED'],
    ['a body above maxMessageSize', { body: Buffer.alloc((16 << 10) + 1) }, 'MESSAGE_ILLEGAL'],
    ['a negative queue', { queueId: -1 }, 'MESSAGE_ILLEGAL'],
  ])('with %s is refused, and takes nothing', async (_what, wanted, status) => {
    const world = new EdgeWorld(BIG);
    const { store } = await world.open();
    expect(store.put(message('T', 0, 'x', wanted)).status).toBe(status);
    expect(store.log.maxOffset()).toBe(0);
    await world.leave('stop');
  });

  it('arbitrary messages come back from the store, now, after a kill and after a stop', async () => {
    const topics = fc.constantFrom('A', 'B', '主题', retry(200));
    const hosts = fc.constantFrom('10.0.0.1', '2001:db8::5');
    const name = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' });
    const properties = fc
      .dictionary(name, fc.string({ minLength: 1, maxLength: 30 }))
      .map((pairs) => text(pairs))
      .filter((each) => !each.includes('INNER_') && !each.includes('\u0000'));
    const one = fc.record({
      topic: topics,
      queueId: fc.nat(2),
      body: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
      properties,
      flag: fc.integer(),
      bornHost: fc.record({ host: hosts, port: fc.nat(65_535) }),
      bornTimestamp: fc.nat(2 ** 31 - 1).map((each) => each * 1000),
      reconsumeTimes: fc.nat(100),
      preparedTransactionOffset: fc.maxSafeNat(),
      sysFlag: fc.constantFrom(0, 1, 2, 8, 0x301),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 20 }), async (list) => {
        const world = new EdgeWorld();
        await world.open();
        const puts = list.map((each) => ({ ...message(each.topic, each.queueId, each.body), ...each }));
        await world.fixture.put(...puts);
        for (const how of ['none', 'kill', 'stop'] as const) {
          if (how !== 'none') await world.again(how);
          for (const topic of new Set(list.map((each) => each.topic))) {
            for (const queueId of [0, 1, 2]) {
              const wanted = list.filter((each) => each.topic === topic && each.queueId === queueId);
              const found = readQueue(world.fixture.store, topic, queueId);
              expect(found).toHaveLength(wanted.length);
              found.forEach((each, at) => {
                const { bornHost, sysFlag, ...rest } = wanted[at] as (typeof wanted)[0];
                expect(each).toMatchObject(rest);
                expect([each.bornHost.port, each.sysFlag & ~0x30]).toEqual([bornHost.port, sysFlag]);
              });
            }
          }
        }
        await world.leave('stop');
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

/** A record as another writer might have made it. */
function record(topic: string, queueOffset: number, at: number, body: string, version: 1 | 2 = 1): Buffer {
  const encoder = new RecordEncoder(hostBytes(parseIp('10.0.0.9') as Buffer, 10_911));
  const born = hostBytes(parseIp('10.0.0.1') as Buffer, 1);
  const bytes = Buffer.from(body);
  const size = encoder.measure(Buffer.from(topic), version === 2, born, bytes, 0, bytes.length, '');
  const target = Buffer.alloc(size);
  const view = new DataView(target.buffer, target.byteOffset, size);
  const envelope = { queueId: 0, sysFlag: 0, bornTimestamp: 1, reconsumeTimes: 0, preparedTransactionOffset: 0 };
  encoder.write(
    target,
    view,
    0,
    envelope,
    0,
    born,
    nodeChecksums.crc32(bytes) & 0x7fff_ffff,
    queueOffset,
    at,
    1_700_000_000_000,
  );
  return target;
}

async function replicated(...bytes: Buffer[]): Promise<EdgeWorld> {
  const world = new EdgeWorld({ enableControllerMode: true });
  const { store } = await world.open();
  for (const each of bytes) store.log.append(store.log.maxOffset(), each);
  store.log.setConfirmOffset(store.log.maxOffset());
  await store.whenDispatched(store.log.maxOffset());
  return world;
}

describe('20.8 a first message of a queue at an offset above 0', () => {
  it.each(HOWS)(
    'while the log begins at 0 (B1): minimum, time and reading start there, also after a %s',
    async (how) => {
      const world = await replicated(record('T', 7, 0, 'm7'));
      for (let round = 0; round < 3; round++) {
        const { store } = world.fixture;
        expect([store.minOffsetInQueue('T', 0), store.maxOffsetInQueue('T', 0)]).toEqual([7, 8]);
        expect(store.getMessages('T', 0, 0, 32, 1000)).toMatchObject({
          status: 'OFFSET_TOO_SMALL',
          nextBeginOffset: 7,
        });
        expect(world.bodies()).toEqual(['m7']);
        expect(store.offsetByTime('T', 0, 0, 'LOWER')).toBe(7);
        expect(store.earliestTime('T', 0)).toBe(1_700_000_000_000);
        await world.again(how);
      }
      expect(world.fixture.store.put(message('T', 0, 'm8')).queueOffset).toBe(8);
      await world.leave('stop');
    },
  );

  it('a position beyond the end of a queue (B2) fills up to it: no unit goes to a wrong index', async () => {
    const first = record('T', 0, 0, 'm0');
    const world = await replicated(first, record('T', 3, first.length, 'm3'));
    const { store } = world.fixture;
    expect(store.maxOffsetInQueue('T', 0)).toBe(4);
    const found = store.getMessages('T', 0, 3, 32, 1000);
    expect(decodeMessage(found.messages[0] as Buffer)).toMatchObject({ queueOffset: 3 });
    expect(store.getMessages('T', 0, 1, 1, 1000)).toMatchObject({ status: 'FOUND', nextBeginOffset: 4, count: 1 });
    await world.leave('stop');
  });
});

describe('20.19 and 19: what must do no harm', () => {
  it('A8: an unreadable record in the middle does not stop dispatch on a replica', async () => {
    const first = record('T', 0, 0, 'm0');
    const broken = record('T', 1, first.length, 'm1');
    broken.writeInt32BE(1 << 20, 84);
    const world = await replicated(first, broken, record('T', 2, first.length + broken.length, 'm2'));
    const { store } = world.fixture;
    expect(store.dispatchedOffset()).toBe(store.log.maxOffset());
    expect(decodeMessage(store.getMessages('T', 0, 2, 1, 1000).messages[0] as Buffer).body.toString()).toBe('m2');
    expect(world.lines.some((line) => line.includes('unreadable record skipped'))).toBe(true);
    await world.leave('stop');
  });

  it('B15: a record of version 1 with a topic of 128 to 255 bytes is read', async () => {
    const topic = `%RETRY%${'x'.repeat(193)}`;
    const world = await replicated(record(topic, 0, 0, 'm0'));
    for (const how of HOWS) {
      expect(world.bodies(topic)).toEqual(['m0']);
      await world.again(how);
    }
    await world.leave('stop');
  });

  it.each([
    ['INNER_NUM alone', { INNER_NUM: '3' }, 'MESSAGE_ILLEGAL'],
    ['INNER_BASE alone', { INNER_BASE: 'x' }, 'PUT_OK'],
    ['text for TIMER_OUT_MS', { TIMER_OUT_MS: 'soon' }, 'PUT_OK'],
    ['text for DELAY', { DELAY: 'soon' }, 'PUT_OK'],
    ['an empty UNIQ_KEY', { UNIQ_KEY: '', KEYS: ' ' }, 'PUT_OK'],
    ['control characters', { a: '\u0000\u0003', '': 'b' }, 'PUT_OK'],
  ])('a property with %s', async (_what, pairs, status) => {
    const world = new EdgeWorld();
    const { store } = await world.open();
    const properties = text(pairs as Record<string, string>);
    expect(store.put(message('T', 0, 'odd', { properties })).status).toBe(status);
    await world.fixture.put(message('T', 0, 'good'));
    const wanted = status === 'PUT_OK' ? ['odd', 'good'] : ['good'];
    for (const how of ['none', ...HOWS] as const) {
      if (how !== 'none') await world.again(how);
      expect(world.bodies()).toEqual(wanted);
    }
    await world.leave('stop');
  });

  it.each(['%', 'a|b', '主题', 'with space', '😀', 'CURRENT', '-1', '00'])(
    'the topic %j is one like others',
    async (topic) => {
      const world = new EdgeWorld();
      await world.open();
      await world.fixture.put(message(topic, 0, 'a'), message('T', 0, 'b'));
      for (const how of ['none', ...HOWS] as const) {
        if (how !== 'none') await world.again(how);
        expect([world.bodies(topic), world.bodies()]).toEqual([['a'], ['b']]);
      }
      await world.leave('stop');
    },
  );

  it.each(['..', '.', 'a/b', '/etc', '', 'a\u0000b'])('the topic %j is refused', async (topic) => {
    const world = new EdgeWorld();
    const { store } = await world.open();
    expect(store.put(message(topic, 0, 'a')).status).toBe('MESSAGE_ILLEGAL');
    await world.leave('stop');
  });

  it.each(['..', 'a/b'])('a record of topic %j that a master sends goes nowhere else', async (topic) => {
    const world = await replicated(record(topic, 0, 0, 'm0'));
    await world.leave('stop');
    const queues = world.disk.paths().filter((path) => path.includes('consumequeue') || path.startsWith('/store/..'));
    expect(queues).toEqual([]);
  });
});

describe('20.16 delay levels', () => {
  const SCHEDULE = 'SCHEDULE_TOPIC_XXXX';
  const codeOf = (world: EdgeWorld, offset: number): number => {
    let seen = NaN;
    world.fixture.store.getMessages(SCHEDULE, 0, offset, 1, 1000, { matchesTags: (code) => ((seen = code), true) });
    return seen;
  };

  it('the unit has the delivery time; a level above the highest counts as that; 0 and text are none', async () => {
    const world = new EdgeWorld({ messageDelayLevel: '1s 5s 1h' });
    const { store } = await world.open();
    const times: number[] = [];
    for (const DELAY of ['1', '3', '99', '0', 'soon']) {
      const put = store.put(message(SCHEDULE, 0, DELAY, { properties: text({ DELAY, TAGS: 'TagA' }) }));
      times.push(put.storeTimestamp);
      await store.whenDispatched(put.endOffset);
    }
    const [first, second, third] = times as [number, number, number];
    const wanted = [first + 1000, second + 3_600_000, third + 3_600_000, javaHash('TagA'), javaHash('TagA')];
    for (const how of ['none', ...HOWS] as const) {
      if (how !== 'none') await world.again(how);
      expect([0, 1, 2, 3, 4].map((offset) => codeOf(world, offset))).toEqual(wanted);
    }
    await world.leave('stop');
  });

  it('a changed table counts for what is dispatched again after a crash', async () => {
    const world = new EdgeWorld({ messageDelayLevel: '1s' });
    const { store } = await world.open();
    const put = store.put(message(SCHEDULE, 0, 'x', { properties: text({ DELAY: '1' }) }));
    await store.whenDispatched(put.endOffset);
    await world.leave('kill');
    world.remove('/store/consumequeue');
    await world.open({ messageDelayLevel: '2s' });
    expect(codeOf(world, 0)).toBe(put.storeTimestamp + 2000);
    await world.leave('stop');
  });
});

describe('20.13 the index', () => {
  const found = (world: EdgeWorld, key: string, begin = 0, end = 2 ** 50): number =>
    world.fixture.store.queryByKey('T', key, 64, begin, end).records.length;
  const keys = (KEYS: string): Partial<MessageInput> => ({ properties: text({ KEYS }) });

  /** A key that gives `T#key` the hash -2^31, which has no absolute value. */
  function keyOfWorstHash(): string {
    const digits: number[] = [];
    let base = javaHash('T#');
    for (let i = 0; i < 7; i++) base = (Math.imul(base, 31) + 40) | 0;
    let rest = (0x8000_0000 - base) >>> 0;
    for (let i = 0; i < 7; i++) {
      digits.unshift(rest % 31);
      rest = Math.floor(rest / 31);
    }
    return String.fromCharCode(...digits.map((digit) => 40 + digit));
  }

  it('a hash of -2^31, two spaces between keys, 20 keys: each is found once, also after a restart', async () => {
    const world = new EdgeWorld();
    await world.open();
    const worst = keyOfWorstHash();
    expect([javaHash(`T#${worst}`), indexHash(javaHash(`T#${worst}`))]).toEqual([-(2 ** 31), 0]);
    const twenty = Array.from({ length: 20 }, (_, i) => `key-${i}`);
    await world.fixture.put(message('T', 0, 'a', keys(worst)));
    await world.fixture.put(message('T', 0, 'b', keys('left  right ')));
    await world.fixture.put(message('T', 0, 'c', keys(twenty.join(' '))));
    for (const how of ['none', ...HOWS] as const) {
      if (how !== 'none') await world.again(how);
      expect([worst, 'left', 'right', ...twenty].map((key) => found(world, key))).toEqual(new Array(23).fill(1));
      expect(found(world, '')).toBe(0);
    }
    await world.leave('stop');
  });

  it('at the borders of a second: what was stored in [begin, end] is found', async () => {
    const world = new EdgeWorld();
    let now = 1_700_000_000_001;
    world.wallMs = () => now;
    await world.open();
    await world.fixture.put(message('T', 0, 'a', keys('k')));
    const times = [now + 998, now + 999, now + 1000, now + 1998, now + 5000];
    for (const [i, time] of times.entries()) {
      now = time;
      await world.fixture.put(message('T', 0, `m${i}`, keys(`k${i}`)));
    }
    for (const [i, time] of times.entries()) {
      expect([i, found(world, `k${i}`, time, time)]).toEqual([i, 1]);
      expect([i, found(world, `k${i}`, time + 2000), found(world, `k${i}`, 0, time - 2000)]).toEqual([i, 0, 0]);
    }
    await world.leave('stop');
  });

  it.each(HOWS)('files made after the clock or its time zone went back do not hide keys (B7, %s)', async (how) => {
    const world = new EdgeWorld({ maxHashSlotNum: 10, maxIndexNum: 20 });
    let now = 1_700_000_000_000;
    world.wallMs = () => now;
    await world.open();
    for (let i = 0; i < 60; i++) {
      await world.fixture.put(message('T', 0, `m${i}`, keys(`k${i}`)));
      if (i === 30) now -= 5 * 3_600_000;
    }
    for (const again of [false, true]) {
      if (again) await world.again(how);
      expect(Array.from({ length: 60 }, (_, i) => found(world, `k${i}`))).toEqual(new Array(60).fill(1));
    }
    await world.leave('stop');
  });
});
