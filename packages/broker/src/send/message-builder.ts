import { SCHEDULE_TOPIC, type MessageInput } from '@batonmq/broker-store';
import { appendProperties, pair, propertyOf, withoutProperty } from '../message-properties';

/** What the broker adds to every message it stores (broker.md 2.4). Built once. */
export class Stamp {
  readonly pairs: string;

  constructor(regionId: string, traceOn: boolean, clusterName: string) {
    this.pairs = pair('MSG_REGION', regionId) + pair('TRACE_ON', String(traceOn)) + pair('CLUSTER', clusterName);
  }

  /** @param uniqueKey makes the UNIQ_KEY of a message that came without one */
  add(properties: string, uniqueKey: () => string): string {
    let text = properties.includes('POP_CK') ? withoutProperty(properties, 'POP_CK') : properties;
    if (propertyOf(text, 'UNIQ_KEY') === undefined) text = appendProperties(text, pair('UNIQ_KEY', uniqueKey()));
    return appendProperties(text, this.pairs);
  }
}

/**
 * A message with a delay level is stored in the schedule topic until its time has come (broker.md 12.2).
 * @returns the message as it is to be stored
 */
export function redirectDelayed(message: MessageInput, levelCount: number): MessageInput {
  const text = propertyOf(message.properties, 'DELAY');
  if (text === undefined || message.topic === SCHEDULE_TOPIC) return message;
  const level = Math.min(Number(text), levelCount);
  if (!Number.isInteger(level) || level <= 0) return message;
  const real = pair('REAL_TOPIC', message.topic) + pair('REAL_QID', String(message.queueId));
  const properties = withoutProperty(withoutProperty(message.properties, 'REAL_TOPIC'), 'REAL_QID');
  const withLevel = appendProperties(withoutProperty(properties, 'DELAY'), pair('DELAY', String(level)) + real);
  return { ...message, topic: SCHEDULE_TOPIC, queueId: level - 1, properties: withLevel };
}
