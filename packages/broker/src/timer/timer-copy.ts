import { TIMER_TOPIC, type MessageInput, type StoredMessage, type TimedRecord } from '@batonmq/broker-store';
import { appendProperties, pair, propertyOf, withoutProperty } from '../message-properties';

/** TIMER_ENQUEUE_MS of a message that was never in the wheel, since its time had passed already: Java's Long.MAX_VALUE. */
export const NEVER_IN_WHEEL = '9223372036854775807';

const WHOLE_NUMBER = /^[+-]?\d{1,18}$/;

/** A property that is a whole number; undefined when it is absent or anything else. */
export function numberOf(properties: string, name: string): number | undefined {
  const text = propertyOf(properties, name);
  return text !== undefined && WHOLE_NUMBER.test(text) ? Number(text) : undefined;
}

/** What the wheel needs of a message of the timer topic. @returns undefined for one that cannot be delivered by anyone */
export function timedRecordOf(message: StoredMessage): TimedRecord | undefined {
  const { properties } = message;
  const dueMs = numberOf(properties, 'TIMER_OUT_MS');
  const topic = propertyOf(properties, 'REAL_TOPIC');
  if (message.topic !== TIMER_TOPIC || dueMs === undefined || dueMs < 0 || topic === undefined) return undefined;
  return {
    phy: message.physicalOffset,
    size: message.totalSize,
    storeTimestamp: message.storeTimestamp,
    dueMs,
    topic,
    remove: propertyOf(properties, 'TIMER_DEL_UNIQKEY') !== undefined,
  };
}

/** What a delete marker for a message says. @source TimerMessageStore.buildDeleteKey */
export const deleteKey = (topic: string, uniqueKey: string): string => `${topic}+${uniqueKey}`;

/**
 * The message as it goes to its real topic, or into the timer topic again.
 * @param enqueueMs when it came into the wheel, as text @source TimerMessageStore.convert
 */
export function copyOf(message: StoredMessage, roll: boolean, enqueueMs: string, nowMs: number): MessageInput {
  let properties = message.properties;
  const set = (name: string, value: string): void => {
    properties = appendProperties(withoutProperty(properties, name), pair(name, value));
  };
  set('TIMER_ENQUEUE_MS', enqueueMs);
  if (roll) set('TIMER_ROLL_TIMES', String((numberOf(properties, 'TIMER_ROLL_TIMES') ?? 0) + 1));
  set('TIMER_DEQUEUE_MS', String(nowMs));
  const target = roll ? { topic: message.topic, queueId: message.queueId } : realTarget(message.properties);
  return { ...inputOf(message), ...target, properties };
}

/** The same without what the timer adds: for a message that has no room for it. */
export function bareCopyOf(message: StoredMessage, roll: boolean): MessageInput {
  const target = roll ? { topic: message.topic, queueId: message.queueId } : realTarget(message.properties);
  return { ...inputOf(message), ...target, properties: message.properties };
}

function realTarget(properties: string): { topic: string; queueId: number } {
  return { topic: propertyOf(properties, 'REAL_TOPIC') ?? '', queueId: numberOf(properties, 'REAL_QID') ?? 0 };
}

function inputOf(message: StoredMessage): Omit<MessageInput, 'topic' | 'queueId' | 'properties'> {
  return {
    flag: message.flag,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: message.bornHost,
    reconsumeTimes: message.reconsumeTimes,
    preparedTransactionOffset: 0,
    body: message.body,
  };
}
