import { Broken } from './checks';
import type { Entry } from './history';
import { TOPICS } from './records';
import type { Stage } from './stage';
import type { Writer } from './writer';

/** Another master; or this one from now on, behind whole records. */
export async function changeRole(stage: Stage, writer: Writer): Promise<void> {
  if (stage.weather.role === 'alone') return;
  if (!stage.isMaster && !(await becomeMaster(stage, writer))) return;
  stage.isMaster = !stage.isMaster;
  stage.skewMs = stage.prng.int(40_000) - 20_000;
}

async function becomeMaster(stage: Stage, writer: Writer): Promise<boolean> {
  const { history, store } = stage;
  const { log } = store;
  history.beginCut(history.end);
  try {
    if (!(await stage.until(log.cutIncompleteTail()))) return false;
  } catch (error) {
    if (stage.faulty || stage.hadFault) return false;
    throw error;
  }
  writer.completeUpTo(log.maxOffset());
  history.cuttingAt = log.maxOffset();
  history.endCut();
  writer.forgetStream();
  if (log.maxOffset() !== history.end && log.maxOffset() % stage.fileSize !== 0)
    throw new Broken('the log ends with a message', `${log.maxOffset()}, last message ${history.end}`);
  log.rebuildQueueOffsets();
  return true;
}

/** The log is cut behind one of its messages, as a master with another history asks for. */
export async function cut(stage: Stage, writer: Writer): Promise<void> {
  const { history, store, prng } = stage;
  if (history.entries.length === 0 || stage.faulty || stage.hadFault) return;
  const keep = prng.chance(0.7)
    ? Math.max(0, history.entries.length - 1 - prng.int(6))
    : prng.int(history.entries.length);
  const { end } = history.entries[keep] as Entry;
  if (end < store.log.minOffset() || end > store.log.maxOffset()) return;
  stage.note(`cut at ${end} of ${store.log.maxOffset()}`);
  history.beginCut(end);
  forgetEndsAbove(stage, end);
  // A record of which only zeros are missing is still there when a crash undoes the cut.
  if (!(await stage.until(store.log.truncate(end)))) return forgetEndsAbove(stage, end);
  writer.forgetStream();
  history.endCut();
  stage.counts['cuts']!++;
}

function forgetEndsAbove(stage: Stage, end: number): void {
  stage.syncedEnd = Math.min(stage.syncedEnd, end);
  stage.writtenEnd = Math.min(stage.writtenEnd, end);
}

export async function deleteTopic(stage: Stage): Promise<void> {
  const { weather, history, machine } = stage;
  if (!weather.deletions) return;
  const topic = TOPICS[stage.prng.int(weather.places.topics)] as string;
  await stage.dispatched();
  if (!machine.running) return;
  stage.note(`delete ${topic.slice(0, 8)}`);
  history.lives.set(topic, history.lifeOf(topic) + 1);
  try {
    stage.store.deleteTopic(topic);
  } catch (error) {
    if (machine.running) throw error;
  }
}
