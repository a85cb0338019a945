import { type MessageStore, type StoredMessage, decodeMessage } from '../src/index';

/** Every message of a queue, by reading it as a consumer does. Throws when something does not fit. */
export function readQueue(store: MessageStore, topic: string, queueId: number): StoredMessage[] {
  const list: StoredMessage[] = [];
  const max = store.maxOffsetInQueue(topic, queueId);
  for (let offset = store.minOffsetInQueue(topic, queueId); offset < max;) {
    const found = store.getMessages(topic, queueId, offset, 32, 1 << 20);
    if (found.status !== 'FOUND') throw new Error(`${topic}-${queueId} at ${offset}: ${found.status}`);
    for (const slice of found.messages) {
      for (let at = 0; at < slice.length;) {
        const each = decodeMessage(slice, at);
        if (each.topic !== topic || each.queueId !== queueId || each.queueOffset !== offset) {
          throw new Error(`${topic}-${queueId} at ${offset}: got ${each.topic}-${each.queueId} at ${each.queueOffset}`);
        }
        list.push(each);
        offset++;
        at += each.totalSize;
      }
    }
  }
  return list;
}

export function bodiesOf(store: MessageStore, topic: string, queueId: number): string[] {
  return readQueue(store, topic, queueId).map((each) => each.body.toString());
}
