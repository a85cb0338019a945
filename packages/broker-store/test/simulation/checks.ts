import type { MessageStore, StoredMessage } from '../../src/index';
import type { Entry, History } from './history';
import { javaHash } from '../../src/format/java-hash';
import { ALL_QUEUES, KEYS, TAGS, TOPICS } from './records';

/** A rule that was broken. */
export class Broken extends Error {
  constructor(rule: string, what: string) {
    super(`${rule}: ${what}`);
  }
}

export type Decode = (bytes: Buffer, at?: number) => StoredMessage;

function show(entry: Entry | undefined): string {
  if (entry === undefined) return 'nothing';
  const { topic, queueId, queueOffset, offset, end, body, life } = entry;
  return `${topic.slice(0, 8)}-${queueId}@${queueOffset} [${offset},${end}) life ${life} ${body.slice(0, 8)}`;
}

/** Every record of the log is the one that was put there. */
export function checkLog(store: MessageStore, decode: Decode, history: History): void {
  for (const entry of history.entries) {
    const bytes = store.messageAt(entry.offset);
    if (bytes === undefined) throw new Broken('log is whole', `${show(entry)} cannot be read`);
    const found = decode(bytes);
    const same =
      found.topic === entry.topic &&
      found.queueId === entry.queueId &&
      found.body.toString() === entry.body &&
      found.physicalOffset === entry.offset &&
      (entry.queueOffset === undefined || found.queueOffset === entry.queueOffset);
    if (!same) throw new Broken('log is whole', `${show(entry)} is ${found.topic}@${found.queueOffset}`);
  }
}

/**
 * Reads a queue as a consumer does; throws when it is not an unbroken row. Of a topic that was deleted a restart may bring the
 * beginning back, while what came behind it was cut from the log: the messages of the topic's next life then stand behind a hole.
 */
export function readQueue(
  store: MessageStore,
  decode: Decode,
  history: History,
  topic: string,
  queueId: number,
): StoredMessage[] {
  const list: StoredMessage[] = [];
  const max = store.maxOffsetInQueue(topic, queueId);
  const where = `${topic.slice(0, 8)}-${queueId}`;
  for (let offset = store.minOffsetInQueue(topic, queueId); offset < max;) {
    const found = store.getMessages(topic, queueId, offset, 32, 1 << 20);
    if (found.status !== 'FOUND')
      throw new Broken('queue is an unbroken row', `${where} at ${offset}: ${found.status}`);
    for (const slice of found.messages) {
      for (let at = 0; at < slice.length;) {
        const each = decode(slice, at);
        if (each.queueOffset > offset && history.beginsLife(each.physicalOffset, list.at(-1)?.physicalOffset))
          offset = each.queueOffset;
        if (each.topic !== topic || each.queueId !== queueId || each.queueOffset !== offset)
          throw new Broken(
            'queue is an unbroken row',
            `${where} at ${offset}: got ${each.topic.slice(0, 8)}-${each.queueId}@${each.queueOffset}`,
          );
        list.push(each);
        offset++;
        at += each.totalSize;
      }
    }
  }
  return list;
}

/** A consumer gets, whenever he asks, what was put; of what is there no message is passed over. */
export function checkConsumed(
  store: MessageStore,
  decode: Decode,
  history: History,
  topic: string,
  queueId: number,
): void {
  for (const { physicalOffset, queueOffset, body } of readQueue(store, decode, history, topic, queueId)) {
    const entry = history.entries.find((each) => each.offset === physicalOffset);
    if (entry?.body !== body.toString())
      throw new Broken(
        'a consumer gets what was put',
        `${topic.slice(0, 8)}-${queueId}@${queueOffset} at ${physicalOffset}: ${show(entry)}`,
      );
  }
}

/** What is visible is what the log has up to `limit`; nothing is missing, nothing else is there. */
export function checkQueues(store: MessageStore, decode: Decode, history: History, limit: number): void {
  for (const [topic, queueId] of ALL_QUEUES) {
    const wanted = history.ofQueue(topic, queueId, limit);
    const found = readQueue(store, decode, history, topic, queueId);
    const where = `${topic.slice(0, 8)}-${queueId}`;
    found.forEach((each, at) => {
      const entry = wanted[at];
      if (entry === undefined || each.physicalOffset !== entry.offset || each.body.toString() !== entry.body)
        throw new Broken(
          'queue has what the log has',
          `${where}: ${each.queueOffset} at ${each.physicalOffset} where ${show(entry)} is due`,
        );
    });
    if (found.length < wanted.length)
      throw new Broken('queue has what the log has', `${where}: ${show(wanted[found.length])} is missing`);
    const floor = history.floorOf(topic, queueId);
    if (found.length === 0 && store.maxOffsetInQueue(topic, queueId) < floor)
      throw new Broken('offsets go on', `${where} ends at ${store.maxOffsetInQueue(topic, queueId)}, was ${floor}`);
  }
}

/** A consumer who asks for messages with a tag gets each of them, wherever the tags code stands. */
export function checkTags(store: MessageStore, decode: Decode, history: History): void {
  for (const [topic, queueId] of ALL_QUEUES) {
    if (topic.startsWith('SCHEDULE')) continue;
    const all = readQueue(store, decode, history, topic, queueId);
    for (const tag of TAGS) {
      const found = new Set(queueOffsetsOf(store, decode, topic, queueId, javaHash(tag)));
      const missed = all.find((each) => each.properties.startsWith(`TAGS\u0001${tag}`) && !found.has(each.queueOffset));
      if (missed !== undefined)
        throw new Broken('tags are what they were', `${topic.slice(0, 8)}-${queueId}@${missed.queueOffset} ${tag}`);
    }
  }
}

function queueOffsetsOf(
  store: MessageStore,
  decode: Decode,
  topic: string,
  queueId: number,
  tagsCode: number,
): number[] {
  const found: number[] = [];
  const filter = { matchesTags: (code: number) => code === tagsCode };
  const max = store.maxOffsetInQueue(topic, queueId);
  for (let next = store.minOffsetInQueue(topic, queueId); next < max;) {
    const result = store.getMessages(topic, queueId, next, 32, 1 << 20, filter);
    for (const slice of result.messages)
      for (let at = 0; at < slice.length; at += decode(slice, at).totalSize) found.push(decode(slice, at).queueOffset);
    if (result.nextBeginOffset <= next)
      throw new Broken('queue is an unbroken row', `${topic.slice(0, 8)}-${queueId} at ${next}: ${result.status}`);
    next = result.nextBeginOffset;
  }
  return found;
}

/** Nobody sees what lies above the confirm offset, or what a power loss could take under SYNC_FLUSH. */
export function checkVisible(store: MessageStore, decode: Decode, history: History): void {
  const confirm = store.log.confirmOffset();
  for (const [topic, queueId] of ALL_QUEUES) {
    const max = store.maxOffsetInQueue(topic, queueId);
    if (max <= store.minOffsetInQueue(topic, queueId)) continue;
    const found = store.getMessages(topic, queueId, max - 1, 1, 1 << 20);
    if (found.status !== 'FOUND') continue;
    const last = decode(found.messages[0] as Buffer);
    const end = last.physicalOffset + last.totalSize;
    if (end > confirm) throw new Broken('reads stay below the confirm offset', `${end} > ${confirm}`);
    history.seenEnd = Math.max(history.seenEnd, end);
  }
}

/** What a query by key answers is right. @param complete it must also be all */
export function checkIndex(
  store: MessageStore,
  decode: Decode,
  history: History,
  limit: number,
  complete: boolean,
): void {
  for (const topic of TOPICS) {
    for (const key of KEYS) {
      const wanted = history.entries.filter((each) => each.topic === topic && each.key === key && each.end <= limit);
      const found = store.queryByKey(topic, key, 64, 0, Number.MAX_SAFE_INTEGER).records.map((each) => decode(each));
      for (const each of found) {
        if (!wanted.some((entry) => entry.offset === each.physicalOffset && entry.body === each.body.toString()))
          throw new Broken('index answers rightly', `${topic} ${key}: ${each.physicalOffset} was not put with it`);
      }
      if (complete && found.length < Math.min(64, wanted.length))
        throw new Broken('index is complete', `${topic.slice(0, 8)} ${key}: ${found.length} of ${wanted.length}`);
    }
  }
}
