import { decodeMessage, type MessageStore, type StoredMessage } from '@batonmq/broker-store';
import { propertyOf } from '../message-properties';
import { numberOf } from './timer-copy';

const MAX_COPIES = 64;
/** The index rounds times to seconds. */
const ROUNDING_MS = 2000;

/**
 * Whether the copy of a timed message is in the log already: asked about messages that a former master, or this broker
 * before it crashed, may have delivered. It is known by key, time and producer's data; without the index nothing is known.
 */
export function isDelivered(store: MessageStore, original: StoredMessage, topic: string, roll: boolean): boolean {
  const key = propertyOf(original.properties, 'UNIQ_KEY');
  if (key === undefined) return false;
  const dueMs = numberOf(original.properties, 'TIMER_OUT_MS');
  const rolled = (numberOf(original.properties, 'TIMER_ROLL_TIMES') ?? 0) + (roll ? 1 : 0);
  const since = original.storeTimestamp - ROUNDING_MS;
  const { records } = store.queryByKey(topic, key, MAX_COPIES, since, Number.MAX_SAFE_INTEGER);
  return records.some((record) => {
    const copy = decodeMessage(record);
    return (
      copy.physicalOffset > original.physicalOffset &&
      copy.bornTimestamp === original.bornTimestamp &&
      copy.bodyCrc === original.bodyCrc &&
      numberOf(copy.properties, 'TIMER_OUT_MS') === dueMs &&
      (numberOf(copy.properties, 'TIMER_ROLL_TIMES') ?? 0) === rolled
    );
  });
}
