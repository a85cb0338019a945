import type { MessageInput } from '@batonmq/broker-store';
import { pair, propertyOf } from '../message-properties';
import { Stamp, redirectDelayed } from './message-builder';

const message = (properties: string, topic = 'Orders'): MessageInput => ({
  topic,
  queueId: 3,
  flag: 0,
  sysFlag: 0,
  bornTimestamp: 0,
  bornHost: { host: '127.0.0.1', port: 1 },
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
  body: Buffer.alloc(0),
  properties,
});

describe('redirectDelayed', () => {
  it.each([
    ['1', 0, '1'],
    ['18', 17, '18'],
    ['99', 17, '18'],
  ])('puts level %s into queue %i of the schedule topic', (level, queueId, stored) => {
    const delayed = redirectDelayed(message(pair('REAL_TOPIC', 'forged') + pair('DELAY', level)), 18);
    expect([delayed.topic, delayed.queueId]).toEqual(['SCHEDULE_TOPIC_XXXX', queueId]);
    expect(['DELAY', 'REAL_TOPIC', 'REAL_QID'].map((name) => propertyOf(delayed.properties, name))).toEqual([
      stored,
      'Orders',
      '3',
    ]);
  });

  it.each(['0', '-1', '1.5', 'soon'])('leaves a message with DELAY=%s where it is', (level) => {
    const one = message(pair('DELAY', level));
    expect(redirectDelayed(one, 18)).toBe(one);
  });
});

it('stamps a message, and makes a UNIQ_KEY only where there is none', () => {
  const stamp = new Stamp('region', true, 'cluster');
  const made = stamp.add(pair('POP_CK', 'old'), () => 'made');
  expect(made).toBe(pair('UNIQ_KEY', 'made') + stamp.pairs);
  const kept = stamp.add(pair('UNIQ_KEY', 'own'), () => 'made');
  expect(kept).toBe(pair('UNIQ_KEY', 'own') + stamp.pairs);
});
