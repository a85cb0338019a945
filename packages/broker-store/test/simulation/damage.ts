import { Broken, checkLog } from './checks';
import { ALL_QUEUES } from './records';
import { ROOT, type Stage } from './stage';

/**
 * The process dies, and a bit of one file flips: the last step of a run.
 * @returns where in the log, Infinity when it was another file; undefined when nothing was hit
 */
export function damage(stage: Stage): number | undefined {
  const { prng, machine, history } = stage;
  if (stage.faulty || stage.hadFault) return undefined;
  stage.die('kill');
  const places = [ROOT, ...ALL_QUEUES.map(([topic, id]) => `${ROOT}/consumequeue/${topic}/${id}`)];
  const where = [`${ROOT}/commitlog`, `${ROOT}/commitlog`, prng.chance(0.5) ? `${ROOT}/index` : ROOT];
  const folder = prng.chance(0.4) ? places[prng.int(places.length)] : where[prng.int(where.length)];
  const directory = machine.disk.tree.find(folder as string);
  if (directory === undefined || !('entries' in directory)) return undefined;
  const files = [...directory.entries].flatMap(([name, node]) => ('content' in node ? [{ name, node }] : []));
  const picked = files[prng.int(Math.max(1, files.length))];
  if (picked === undefined || picked.node.content.size === 0) return undefined;
  const { name, node: file } = picked;
  const inLog = folder === `${ROOT}/commitlog`;
  const used = inLog ? Math.min(file.content.size, Math.max(1, history.end - Number(name))) : file.content.size;
  const at = prng.int(used);
  const byte = Buffer.alloc(1);
  file.content.read(byte, 0, 1, at);
  byte[0] = (byte[0] as number) ^ (1 << prng.int(8));
  file.content.write(byte, 0, 1, at);
  stage.note(`a bit flips in ${folder}/${name} at ${at}`);
  stage.counts['flips'] = (stage.counts['flips'] ?? 0) + 1;
  return inLog ? Number(name) + at : Infinity;
}

/** What the bit has not touched is there: before it served, behind it served or kept aside. @param offset what `damage` said */
export async function endDamaged(stage: Stage, offset: number): Promise<void> {
  const { history, code } = stage;
  stage.disarm();
  await stage.open();
  const { store } = stage;
  history.forgetBelow(store.log.minOffset());
  const end = store.log.maxOffset();
  const hit = history.entries.findIndex((each) => each.end > offset);
  const due = history.entries.filter((each) => each.end <= Math.min(offset, stage.writtenEnd));
  const lost = due.find((each) => each.end > end);
  const cut = history.cuttingAt ?? Infinity;
  if (lost !== undefined && lost.end <= cut)
    throw new Broken('damage costs nothing before it', `the log ends at ${end}, ${lost.offset}..${lost.end} was whole`);
  if (hit >= 0) history.entries.splice(hit, 1);
  history.dropBehind(end);
  checkLog(store, code.decodeMessage, history);
  await stage.dispatched();
  await stage.stop();
}
