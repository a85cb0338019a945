import type { MessageInput, StoredMessage } from '@batonmq/broker-store';
import { propertyOf } from '../message-properties';
import { HALF_TOPIC, halfOf, isTransactional, offsetsOf, opMessage, toHalf, toReal } from './half-message';

const pair = (name: string, value: string): string => `${name}\u0001${value}\u0002`;

describe('half messages', () => {
  const message: MessageInput = {
    topic: 'Paid',
    queueId: 3,
    flag: 5,
    sysFlag: 0x4 | 0x1,
    bornTimestamp: 1,
    bornHost: { host: '127.0.0.1', port: 9 },
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from('x'),
    properties: pair('TRAN_MSG', 'true') + pair('PGROUP', 'p') + pair('UNIQ_KEY', 'u') + pair('REAL_TOPIC', 'forged'),
  };
  const stored = (more: Partial<StoredMessage> = {}): StoredMessage =>
    ({ ...toHalf(message), queueOffset: 7, physicalOffset: 700, storeTimestamp: 50, ...more }) as StoredMessage;

  it.each([
    ['TRAN_MSG', pair('TRAN_MSG', 'true'), 0, true],
    ['another value', pair('TRAN_MSG', 'false'), 0, false],
    ['a message sent back by a consumer', pair('TRAN_MSG', 'true') + pair('DELAY', '3'), 1, false],
    ['a delayed one of a producer', pair('TRAN_MSG', 'true') + pair('DELAY', '3'), 0, true],
  ])('%s', (_what, properties, reconsumeTimes, expected) =>
    expect(isTransactional(properties, reconsumeTimes)).toBe(expected),
  );

  it('remember where they are to go, and nobody can name another place', () => {
    const half = toHalf(message);
    expect(half).toMatchObject({ topic: HALF_TOPIC, queueId: 0, sysFlag: 0x1, flag: 5 });
    expect(propertyOf(half.properties, 'REAL_TOPIC')).toBe('Paid');
    expect(half.properties.split('REAL_TOPIC')).toHaveLength(2);
    expect(toReal(stored())).toMatchObject({
      topic: 'Paid',
      queueId: 3,
      sysFlag: 0x8 | 0x1,
      preparedTransactionOffset: 700,
      flag: 5,
      bornTimestamp: 1,
    });
  });

  it.each([
    ['as sent', {}, { offset: 7, physicalOffset: 700, producerGroup: 'p', immunityMs: undefined }],
    [
      'with a time of its own',
      { properties: toHalf(message).properties + pair('CHECK_IMMUNITY_TIME_IN_SECONDS', '30') },
      { immunityMs: 30_000 },
    ],
    [
      'with nonsense for a time',
      { properties: toHalf(message).properties + pair('CHECK_IMMUNITY_TIME_IN_SECONDS', '-3x') },
      { immunityMs: undefined },
    ],
    ['of another topic', { topic: 'Paid' }, undefined],
    ['without a group', { properties: pair('REAL_TOPIC', 'Paid') }, undefined],
    ['that goes nowhere', { properties: pair('PGROUP', 'p') }, undefined],
  ])('are read: %s', (_what, more, expected) => {
    const half = halfOf(stored(more));
    if (expected === undefined) expect(half).toBeUndefined();
    else expect(half).toMatchObject(expected);
  });

  it.each([
    ['17,18,25,', [17, 18, 25]],
    ['17', [17]],
    ['', []],
    [',,x,-1,1.5,99999999999999999999,4,', [4]],
  ])('op message %j tells of %j', (body, offsets) =>
    expect(offsetsOf(stored({ body: Buffer.from(body) }))).toEqual(offsets),
  );

  it('op messages are written as Java reads them', () => {
    const op = opMessage([17, 18], { host: '127.0.0.1', port: 0 }, 5);
    expect([op.topic, String(op.body), propertyOf(op.properties, 'TAGS')]).toEqual([
      'RMQ_SYS_TRANS_OP_HALF_TOPIC',
      '17,18,',
      'd',
    ]);
  });
});
