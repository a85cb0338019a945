import { silentLog, nodeHost } from '@batonmq/host';
import { LIGHT_NAMES, LIGHT_OFFSETS, decodeMessage, decodeProperties } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

const LMQ = { enableLmq: true, enableMultiDispatch: true, mappedFileSizeConsumeQueue: 20_000 };
const pair = (name: string, value: string): string => `${name}\u0001${value}\u0002`;
const to = (names: string, more = ''): { properties: string } => ({ properties: pair(LIGHT_NAMES, names) + more });

function bodies({ store }: Fixture, topic: string, offset = 0): string[] {
  const all: string[] = [];
  for (let from = offset; from < store.maxOffsetInQueue(topic, 0);) {
    const found = store.getMessages(topic, 0, from, 32, 1 << 20);
    for (const bytes of found.messages) {
      for (let at = 0; at < bytes.length; at += decodeMessage(bytes, at).totalSize)
        all.push(decodeMessage(bytes, at).body.toString());
    }
    from = found.nextBeginOffset;
  }
  return all;
}

function properties(fixture: Fixture, topic: string, offset: number): Map<string, string> {
  const found = fixture.store.getMessages(topic, 0, offset, 1, 1 << 20);
  return decodeProperties(decodeMessage(found.messages[0] as Buffer).properties);
}

describe('light queues', () => {
  afterAll(removeTempRoots);

  it('have the messages that name them, numbered of their own, beside the topic', async () => {
    const one = await Fixture.open(tempRoot(), LMQ);
    await one.put(
      message('T', 0, 'a', to('%LMQ%x,%LMQ%y', pair('WAIT', 'true') + pair('TAGS', 't'))),
      message('T', 0, 'b', to('%LMQ%y')),
      message('T', 1, 'c', to('%LMQ%y,%LMQ%x')),
      message('T', 0, 'd'),
    );
    expect(bodies(one, 'T')).toEqual(['a', 'b', 'd']);
    expect(bodies(one, '%LMQ%x')).toEqual(['a', 'c']);
    expect(bodies(one, '%LMQ%y')).toEqual(['a', 'b', 'c']);
    expect(bodies(one, '%LMQ%y', 1)).toEqual(['b', 'c']);
    expect(Object.fromEntries(properties(one, 'T', 0))).toEqual({
      [LIGHT_NAMES]: '%LMQ%x,%LMQ%y',
      [LIGHT_OFFSETS]: '0,0',
      TAGS: 't',
    });
    expect(properties(one, '%LMQ%x', 1).get(LIGHT_OFFSETS)).toBe('2,1');
    await one.store.stop();
  });

  it('wake those who wait for them', async () => {
    const one = await Fixture.open(tempRoot(), LMQ);
    const arrived: string[] = [];
    one.store.onArrival((topic, queueId, max) => arrived.push(`${topic} ${queueId} ${max}`));
    await one.put(message('T', 3, 'a', to('%LMQ%x')), message('T', 3, 'b', to('%LMQ%x')));
    expect(arrived).toEqual(['T 3 1', '%LMQ%x 0 1', 'T 3 2', '%LMQ%x 0 2']);
    await one.store.stop();
  });

  it.each([
    ['retry topics', '%RETRY%g', LMQ],
    ['system topics', 'rmq_sys_a', LMQ],
    ['the schedule topic', 'SCHEDULE_TOPIC_XXXX', LMQ],
    ['a store without them', 'T', {}],
  ])('are not for %s', async (_what, topic, options) => {
    const one = await Fixture.open(tempRoot(), options);
    await one.put(message(topic, 0, 'a', to('%LMQ%x', pair(LIGHT_OFFSETS, '7'))));
    expect(bodies(one, '%LMQ%x')).toEqual([]);
    expect(properties(one, topic, 0).get(LIGHT_OFFSETS)).toBeUndefined();
    await one.store.stop();
  });

  // Known loss `poison-dispatch`: nonsense in these properties stops the reference's dispatch for ever.
  it.each([
    ['a', 'x'],
    ['%LMQ%x,b,%LMQ%y', '1'],
    ['%LMQ%x,%LMQ%x', '5,5'],
    ['%LMQ%../../etc', '0'],
    ['%LMQ%', '0'],
    [`%LMQ%${'n'.repeat(300)}`, '-1'],
    [',,,', ',,'],
  ])('take names %j with offsets %j', async (names, offsets) => {
    const one = await Fixture.open(tempRoot(), LMQ);
    await one.put(message('T', 0, 'a', to(names, pair(LIGHT_OFFSETS, offsets))), message('T', 0, 'b'));
    expect(bodies(one, 'T')).toEqual(['a', 'b']);
    const light = [...one.store.queues].filter(({ topic }) => topic !== 'T').map(({ topic }) => topic);
    expect(light).toEqual(['%LMQ%x', '%LMQ%y'].filter((name) => names.split(',').includes(name)));
    for (const topic of light) expect(bodies(one, topic)).toEqual(['a']);
    await one.store.stop();
  });

  it('do not believe the messages of a batch', async () => {
    const one = await Fixture.open(tempRoot(), LMQ);
    const text = Buffer.from(to('%LMQ%x', pair(LIGHT_OFFSETS, '99')).properties);
    const body = Buffer.alloc(22 + text.length);
    body.writeInt32BE(body.length, 0);
    body.writeInt16BE(text.length, 20);
    text.copy(body, 22);
    expect(one.store.putBatch(message('T', 0, body)).status).toBe('MESSAGE_ILLEGAL');
    await one.store.stop();
  });

  it.each(['stop', 'kill'])('go on where they were after a %s', async (end) => {
    const root = tempRoot();
    let one = await Fixture.open(root, LMQ);
    for (let i = 0; i < 300; i++)
      await one.put(message('T', i % 2, `${i}`, to(i % 3 === 0 ? '%LMQ%x,%LMQ%y' : '%LMQ%y')));
    if (end === 'stop') await one.store.stop();
    else await one.kill();
    one = await Fixture.open(root, LMQ);
    await one.put(message('T', 0, 'last', to('%LMQ%x,%LMQ%y')));
    expect([one.store.maxOffsetInQueue('%LMQ%x', 0), one.store.maxOffsetInQueue('%LMQ%y', 0)]).toEqual([101, 301]);
    expect(bodies(one, '%LMQ%x', 99)).toEqual(['297', 'last']);
    expect(properties(one, '%LMQ%y', 300).get(LIGHT_OFFSETS)).toBe('100,300');
    await one.store.stop();
  });

  // Known loss `shared-queue-offset`, for light queues.
  it('give no offset twice, those above the confirm offset included', async () => {
    const root = tempRoot();
    const options = { ...LMQ, enableControllerMode: true };
    let one = await Fixture.open(root, options);
    const first = await one.put(message('T', 0, 'confirmed', to('%LMQ%x')));
    one.store.log.setConfirmOffset(first);
    await one.put(message('T', 0, 'not yet', to('%LMQ%x')));
    await one.kill();
    one = await Fixture.open(root, options, nodeHost(silentLog));
    const end = await one.put(message('T', 0, 'after', to('%LMQ%x')));
    one.store.log.setConfirmOffset(end);
    await one.store.whenDispatched(end);
    expect(bodies(one, '%LMQ%x')).toEqual(['confirmed', 'not yet', 'after']);
    await one.store.stop();
  });
});
