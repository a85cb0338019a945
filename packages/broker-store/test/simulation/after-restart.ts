import { Broken, checkConsumed, checkIndex, checkLog, checkQueues, checkTags, checkVisible, readQueue } from './checks';
import { ALL_QUEUES } from './records';
import type { Stage } from './stage';
import type { Writer } from './writer';

/**
 * After a restart: compares the log with what was promised, and forgets what was allowed to be lost; nothing else may be.
 * @param power it went since the store was last up
 */
export function adopt(stage: Stage, writer: Writer, power: boolean): void {
  const { history, store } = stage;
  const end = store.log.maxOffset();
  writer.completeUpTo(end);
  // What a restart brought back of a deleted topic, the next one may not.
  for (const each of history.entries) each.life = each.born;
  history.forgetBelow(store.log.minOffset());
  checkPromises(stage, end, power);
  const inside = end % stage.fileSize !== 0;
  if (end > history.end && inside && end !== store.log.minOffset())
    throw new Broken('the log ends with a message', `it ends at ${end}, the last message at ${history.end}`);
  history.dropBehind(end);
  const last = history.entries.at(-1);
  if (last !== undefined && end > last.end && inside)
    throw new Broken('the log ends with a message', `it ends at ${end}, the last message at ${last.end}`);
  history.cuttingAt = undefined;
  if (power) stage.indexComplete = false;
  stage.syncedEnd = end;
  stage.writtenEnd = end;
  writer.forgetStream();
  const confirm = store.log.confirmOffset();
  if (stage.weather.role === 'controlled' && confirm > Math.max(history.confirmed, 0))
    throw new Broken(
      'reads stay below the confirm offset',
      `after a restart it is ${confirm}, was ${history.confirmed}`,
    );
}

function checkPromises(stage: Stage, end: number, power: boolean): void {
  const { history, weather } = stage;
  const sync = weather.options.flushDiskType === 'SYNC_FLUSH';
  const must = power
    ? Math.max(history.promisedEndIf(sync), stage.syncedEnd)
    : Math.max(history.promisedEnd, stage.writtenEnd);
  const bound = history.cuttingAt === undefined ? must : Math.min(must, history.cuttingAt);
  const lost = history.entries.find((each) => each.end > end && each.end <= bound);
  if (lost !== undefined)
    throw new Broken('what was promised is there', `the log ends at ${end}, ${lost.offset}..${lost.end} was promised`);
  if (power && sync && weather.role === 'alone' && history.seenEnd > end)
    throw new Broken('what was seen is there', `the log ends at ${end}, somebody saw ${history.seenEnd}`);
}

/** While it runs; a consumer comes now and then. */
export function checkNow({ store, code, history, consumer, hadFault }: Stage): void {
  history.forgetBelow(store.log.minOffset());
  checkVisible(store, code.decodeMessage, history);
  if (hadFault || !consumer.chance(0.5)) return;
  const [topic, queueId] = ALL_QUEUES[consumer.int(ALL_QUEUES.length)] as (typeof ALL_QUEUES)[number];
  checkConsumed(store, code.decodeMessage, history, topic, queueId);
}

/** After a restart, when all is dispatched: the log, the queues and the index. */
export function checkAll(stage: Stage): void {
  const { store, history, code, weather } = stage;
  history.forgetBelow(store.log.minOffset());
  checkLog(store, code.decodeMessage, history);
  adoptOldLives(stage);
  const { log } = store;
  const limit = weather.role === 'controlled' ? log.confirmOffset() : Infinity;
  stage.note(
    `up: log ${log.minOffset()}..${log.maxOffset()} confirm ${log.confirmOffset()} dispatched ${store.dispatchedOffset()}`,
  );
  checkQueues(store, code.decodeMessage, history, limit);
  if (weather.options.enableConsumeQueueExt === true) checkTags(store, code.decodeMessage, history);
  if (weather.options.messageIndexEnable === true)
    checkIndex(store, code.decodeMessage, history, limit, stage.indexComplete);
}

/**
 * A restart may bring back what the log has of a deleted topic, until it is used again: what is in the queue, and all that
 * has not been dispatched yet, which will be. A master that goes on with the queue numbers behind both.
 */
function adoptOldLives({ history, store, code }: Stage): void {
  const dispatched = store.dispatchedOffset();
  for (const [topic, queueId] of ALL_QUEUES) {
    if (history.lifeOf(topic) === 0) continue;
    const found = readQueue(store, code.decodeMessage, history, topic, queueId);
    const places = new Set(found.map((each) => each.physicalOffset));
    for (const each of history.entries)
      if ((places.has(each.offset) || each.offset >= dispatched) && each.topic === topic && each.queueId === queueId)
        each.life = history.lifeOf(topic);
  }
}
