import type { Files } from '@batonmq/host';
import { BATCH_UNIT_BYTES, BatchUnit } from '../format/batch-unit';
import { startOffsetOf } from '../format/file-name';
import { UNIT_BYTES, isBlankUnit, isUnit, unitPhy, unitSize } from '../format/queue-unit';
import type { QueueReport, StoreProblem } from './report';

const ADVICE = 'stop the broker, move the directory of this queue away; the next start builds it from the log';

interface QueueFile {
  readonly file: string;
  readonly start: number;
  readonly units: Buffer;
}

/** The files of a queue in their order, each read whole; what is not named like one is passed over. */
function* queueFiles(files: Pick<Files, 'open' | 'list'>, directory: string): Generator<QueueFile> {
  for (const file of files.list(directory)) {
    const start = startOffsetOf(file);
    if (start === undefined) continue;
    const open = files.open(`${directory}/${file}`, 'read');
    const units = Buffer.alloc(open.bytes());
    open.readSync(units, 0, units.length, 0);
    open.close();
    yield { file, start, units };
  }
}

/** Reads every unit of a queue, with its files opened for reading only. @param logMin, logMax what the log has */
export function readQueueFiles(
  files: Pick<Files, 'open' | 'list'>,
  root: string,
  topic: string,
  queueId: number,
  logMin: number,
  logMax: number,
): QueueReport & { problem?: StoreProblem } {
  const folder = `consumequeue/${topic}/${queueId}`;
  let minOffset = -1;
  let maxOffset = 0;
  let lastPhy = -1;
  let endOffset = -1;
  let count = 0;
  let problem: StoreProblem | undefined;
  const wrong = (file: string, offset: number, what: string): void => {
    problem ??= { file: `${folder}/${file}`, offset, what, advice: ADVICE };
  };
  let expected: number | undefined;
  let ended = false;
  for (const { file, start, units } of queueFiles(files, `${root}/${folder}`)) {
    if (expected !== undefined && start !== expected) wrong(file, 0, 'a file of the queue is missing before this one');
    count++;
    expected = start + units.length;
    for (let at = 0; at + UNIT_BYTES <= units.length; at += UNIT_BYTES) {
      if (!isUnit(units, at)) {
        ended = true;
        continue;
      }
      if (ended) {
        wrong(file, at, 'units behind a place without one');
        ended = false;
      }
      const offset = (start + at) / UNIT_BYTES;
      maxOffset = offset + 1;
      if (isBlankUnit(units, at)) continue;
      const phy = unitPhy(units, at);
      if (minOffset < 0 && phy >= logMin) minOffset = offset;
      if (phy <= lastPhy) wrong(file, at, `unit ${offset} points to ${phy}, the one before it to ${lastPhy}`);
      lastPhy = phy;
      endOffset = phy + unitSize(units, at);
      if (endOffset > logMax) wrong(file, at, `unit ${offset} points behind the end of the log`);
    }
  }
  return {
    topic,
    queueId,
    files: count,
    minOffset: minOffset < 0 ? maxOffset : minOffset,
    maxOffset,
    endOffset,
    problem,
  };
}

/** The same for a batch queue, whose units stand for several messages. Zeros behind the last one are its end. */
export function readBatchQueueFiles(
  files: Pick<Files, 'open' | 'list'>,
  root: string,
  topic: string,
  queueId: number,
  logMin: number,
  logMax: number,
): QueueReport & { problem?: StoreProblem } {
  const folder = `batchconsumequeue/${topic}/${queueId}`;
  const unit = new BatchUnit();
  let [minOffset, maxOffset, endOffset, count, lastPhy] = [-1, 0, -1, 0, -1];
  let problem: StoreProblem | undefined;
  for (const { file, units } of queueFiles(files, `${root}/${folder}`)) {
    count++;
    for (let at = 0; at + BATCH_UNIT_BYTES <= units.length && unit.read(units, at); at += BATCH_UNIT_BYTES) {
      if (minOffset < 0 && unit.phy >= logMin) minOffset = unit.base;
      maxOffset = unit.base + unit.count;
      endOffset = unit.phy + unit.size;
      if (unit.phy > lastPhy && endOffset <= logMax) {
        lastPhy = unit.phy;
        continue;
      }
      problem ??= {
        file: `${folder}/${file}`,
        offset: at,
        what: `the batch from ${unit.base} on points to ${unit.phy}, behind ${lastPhy}, in a log that ends at ${logMax}`,
        advice: ADVICE,
      };
    }
  }
  if (minOffset < 0) minOffset = maxOffset;
  return { topic, queueId, files: count, minOffset, maxOffset, endOffset, problem };
}
