import { TIMER_TOPIC, type MessageInput } from '@batonmq/broker-store';
import { ResponseCode } from '@batonmq/remoting';
import { pair, propertyOf } from '../message-properties';
import { Scheduling } from '../send/scheduling';
import { decodeRecallHandle, encodeRecallHandle, recallHandleOf } from './recall';
import { redirectTimed, wantsTimer } from './timer-request';

const NOW = 1_700_000_000_300;
const RULES = { timerWheelEnable: true, timerPrecisionMs: 1000, timerMaxDelaySec: 259_200 };

const message = (properties: string, more: Partial<MessageInput> = {}): MessageInput => ({
  topic: 'Orders',
  queueId: 3,
  flag: 0,
  sysFlag: 0,
  bornTimestamp: 0,
  bornHost: { host: '127.0.0.1', port: 1 },
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
  body: Buffer.alloc(0),
  properties,
  ...more,
});

const place = (properties: string, rules: Partial<typeof RULES> = {}, crowded = false) =>
  redirectTimed(message(properties), { ...RULES, ...rules }, NOW, () => crowded);

it.each([
  [pair('TIMER_DELAY_SEC', '5'), true],
  [pair('TIMER_DELIVER_MS', '5'), true],
  [pair('TIMER_DELAY_MS', ''), false],
  [pair('KEYS', 'TIMER_DELAY_SEC'), false],
])('%j asks for the timer: %s', (properties, wanted) => expect(wantsTimer(properties)).toBe(wanted));

describe('redirectTimed', () => {
  it.each([
    ['seconds', pair('TIMER_DELAY_SEC', '5'), 1_700_000_005_000],
    ['milliseconds', pair('TIMER_DELAY_MS', '4800'), 1_700_000_005_000],
    ['a time', pair('TIMER_DELIVER_MS', '1700000005001'), 1_700_000_005_000],
    ['a full second: the slot before it', pair('TIMER_DELIVER_MS', '1700000005000'), 1_700_000_004_000],
    ['seconds before milliseconds', pair('TIMER_DELAY_MS', '1') + pair('TIMER_DELAY_SEC', '5'), 1_700_000_005_000],
    ['the longest delay', pair('TIMER_DELAY_SEC', '259200'), 1_700_259_200_000],
  ])('takes %s', (_what, properties, outMs) => {
    const placed = place(pair('REAL_TOPIC', 'forged') + properties) as MessageInput;
    const expectedOut = properties.includes('4800') ? 1_700_000_005_000 : outMs;
    expect([placed.topic, placed.queueId]).toEqual([TIMER_TOPIC, 0]);
    expect(['TIMER_OUT_MS', 'REAL_TOPIC', 'REAL_QID'].map((name) => propertyOf(placed.properties, name))).toEqual([
      String(expectedOut),
      'Orders',
      '3',
    ]);
  });

  it.each([
    ['no wish', pair('KEYS', 'a')],
    ['a time that has passed', pair('TIMER_DELIVER_MS', '1700000000300')],
    ['what has been timed already', pair('TIMER_DELAY_SEC', '5') + pair('TIMER_OUT_MS', '1')],
  ])('leaves a message with %s where it is', (_what, properties) =>
    expect(place(properties)).toMatchObject({ topic: 'Orders', queueId: 3, properties }),
  );

  it.each([
    ['more than the longest delay', pair('TIMER_DELAY_SEC', '259201'), {}, false, ResponseCode.MESSAGE_ILLEGAL],
    ['text', pair('TIMER_DELAY_SEC', 'soon'), {}, false, ResponseCode.MESSAGE_ILLEGAL],
    [
      'a delete marker for the past',
      pair('TIMER_DELIVER_MS', '1') + pair('TIMER_DEL_UNIQKEY', 'T+k'),
      {},
      false,
      ResponseCode.MESSAGE_ILLEGAL,
    ],
    ['a crowded slot', pair('TIMER_DELAY_SEC', '5'), {}, true, ResponseCode.SYSTEM_ERROR],
    ['a broker without wheel', pair('TIMER_DELAY_SEC', '5'), { timerWheelEnable: false }, false, 1],
  ])('refuses %s', (_what, properties, rules, crowded, code) =>
    expect(place(properties, rules, crowded)).toMatchObject({ code }),
  );
});

describe('Scheduling', () => {
  const scheduling = new Scheduling({ wallMs: () => NOW }, { ...RULES, delayLevels: 18 }, () => false);

  it('lets a delay level count more than a time, which it removes', () => {
    const properties = pair('TIMER_DELAY_SEC', '5') + pair('DELAY', '2') + pair('TIMER_DELIVER_MS', '1');
    const placed = scheduling.place(message(properties)) as MessageInput;
    expect(placed.topic).toBe('SCHEDULE_TOPIC_XXXX');
    expect(wantsTimer(placed.properties)).toBe(false);
  });

  it.each([
    [0, TIMER_TOPIC],
    [4, 'Orders'],
    [8, TIMER_TOPIC],
    [12, 'Orders'],
  ])('transaction bits %i go to %s', (sysFlag, topic) =>
    expect(scheduling.place(message(pair('TIMER_DELAY_SEC', '5'), { sysFlag }))).toMatchObject({ topic }),
  );
});

describe('a recall handle', () => {
  it('has the text of the reference', () => {
    const handle = { topic: 'Orders', brokerName: 'broker-a', dueMs: 1_700_000_005_001, uniqueKey: 'KEY' };
    const text = encodeRecallHandle(handle);
    expect(text).toBe('djEgT3JkZXJzIGJyb2tlci1hIDE3MDAwMDAwMDUwMDEgS0VZ');
    expect(decodeRecallHandle(text)).toEqual(handle);
  });

  it.each(['', 'v1', 'bm9uc2Vuc2U=', Buffer.from('v2 a b 1 k').toString('base64')])('"%s" is none', (text) =>
    expect(decodeRecallHandle(text)).toBeUndefined(),
  );

  it('is given for timed messages, but not for retries', () => {
    const timed = pair('UNIQ_KEY', 'k') + pair('TIMER_OUT_MS', '4000') + pair('REAL_TOPIC', 'T');
    expect(decodeRecallHandle(recallHandleOf(message(timed), 'b') ?? '')).toMatchObject({ dueMs: 4001, topic: 'T' });
    expect(recallHandleOf(message(timed.replace('\u0001T\u0002', '\u0001%RETRY%g\u0002')), 'b')).toBeUndefined();
    expect(recallHandleOf(message(pair('UNIQ_KEY', 'k')), 'b')).toBeUndefined();
  });
});
