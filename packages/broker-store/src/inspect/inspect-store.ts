import { type Checksums, type Files, silentLog, textOf } from '@batonmq/host';
import { StoreError } from '../errors';
import { startOffsetOf } from '../format/file-name';
import { readInt64 } from '../format/int64';
import { refuseForeignStores } from '../foreign-stores';
import { HEADER_BYTES } from '../index-file/index-file';
import { readBatchQueueFiles, readQueueFiles } from './queue-reader';
import type { IndexReport, QueueReport, SegmentReport, StoreProblem, StoreReport } from './report';
import { SegmentReader } from './segment-reader';

/**
 * Looks into the directory of a store, of ours or of Java's, also while it runs: reads every record and every queue unit,
 * takes no lock, writes nothing. What a running store has just written may look torn.
 * @throws StoreError STORE_CORRUPT when there is no store at `directory`; HostError
 */
export function inspectStore(
  host: { readonly files: Files; readonly checksums: Pick<Checksums, 'crc32'> },
  directory: string,
): StoreReport {
  const { files } = host;
  if (files.stat(`${directory}/commitlog`)?.kind !== 'directory') {
    throw new StoreError('STORE_CORRUPT', `${directory} has no commitlog directory`, {
      hint: 'give the directory that storePathRootDir names',
    });
  }
  const problems: StoreProblem[] = [];
  const foreign = foreignPart(files, directory);
  const segments = inspectSegments(host, directory, problems);
  const minOffset = segments[0]?.start ?? -1;
  const maxOffset = (segments.findLast((each) => each.records > 0) ?? segments.at(-1))?.endOffset ?? 0;
  if (foreign !== undefined) problems.push(foreign);
  const queues = foreign === undefined ? inspectQueues(files, directory, minOffset, maxOffset, problems) : [];
  const epochs = inspectEpochs(host, directory, maxOffset, problems);
  const indexFiles = inspectIndex(files, directory, maxOffset, problems);
  return {
    directory,
    cleanStop: files.stat(`${directory}/abort`) === undefined,
    minOffset,
    maxOffset,
    records: segments.reduce((sum, each) => sum + each.records, 0),
    segments,
    queues,
    epochs,
    checkpoint: readCheckpoint(files, directory),
    indexFiles,
    problem: problems[0],
  };
}

/** What makes the store refuse the directory. */
function foreignPart(files: Files, root: string): StoreProblem | undefined {
  try {
    refuseForeignStores(files, root, silentLog);
    return undefined;
  } catch (error) {
    return { file: '.', what: textOf(error), advice: 'open it with the broker that wrote it' };
  }
}

function inspectSegments(
  host: { readonly files: Files; readonly checksums: Pick<Checksums, 'crc32'> },
  root: string,
  problems: StoreProblem[],
): SegmentReport[] {
  const directory = `${root}/commitlog`;
  const reader = new SegmentReader(host.files, host.checksums);
  const names = host.files.list(directory).filter((name) => startOffsetOf(name) !== undefined);
  const list: SegmentReport[] = [];
  // Behind the segment that is written to Java keeps the next one ready, all zeros.
  const newest = names.findLastIndex((name) => !beginsWithZeros(host.files, `${directory}/${name}`));
  names.forEach((name, at) => {
    const start = startOffsetOf(name) as number;
    const before = list.at(-1);
    if (before !== undefined && start !== before.start + before.bytes) {
      problems.push({
        file: `commitlog/${name}`,
        offset: before.start + before.bytes,
        what: `the log has nothing from ${before.start + before.bytes} to ${start}`,
        advice: 'a segment is missing or has another length: let the broker take the log from its master',
      });
    }
    const { problem, ...segment } = reader.read(directory, name, start, at >= newest);
    if (problem !== undefined) problems.push(problem);
    list.push(segment);
  });
  return list;
}

function beginsWithZeros(files: Files, path: string): boolean {
  const head = Buffer.alloc(8);
  const open = files.open(path, 'read');
  open.readSync(head, 0, 8, 0);
  open.close();
  return head.every((byte) => byte === 0);
}

function inspectQueues(
  files: Files,
  root: string,
  logMin: number,
  logMax: number,
  problems: StoreProblem[],
): QueueReport[] {
  const list: QueueReport[] = [];
  for (const [folder, read] of [
    ['consumequeue', readQueueFiles],
    ['batchconsumequeue', readBatchQueueFiles],
  ] as const) {
    for (const topic of files.list(`${root}/${folder}`)) {
      for (const id of files.list(`${root}/${folder}/${topic}`)) {
        if (!/^\d{1,9}$/.test(id)) continue;
        const { problem, ...queue } = read(files, root, topic, Number(id), logMin, logMax);
        if (problem !== undefined) problems.push(problem);
        list.push(queue);
      }
    }
  }
  return list;
}

/** The replication's file: their number, a CRC (0: none), then lines `epoch-startOffset`. @source EpochFileCache */
function inspectEpochs(
  { files, checksums }: { readonly files: Files; readonly checksums: Pick<Checksums, 'crc32'> },
  root: string,
  logMax: number,
  problems: StoreProblem[],
): { epoch: number; startOffset: number }[] {
  const text = files.readAll(`${root}/epochFileCheckpoint`)?.toString('utf8') ?? '';
  const epochs = [...text.matchAll(/^(\d+)-(\d+)$/gm)].map(([, epoch, startOffset]) => ({
    epoch: Number(epoch),
    startOffset: Number(startOffset),
  }));
  const [count, crc, ...lines] = text.split('\n');
  const sum = checksums.crc32(Buffer.from(lines.join('\n'), 'utf8')) & 0x7fff_ffff;
  if (text !== '' && (Number(count) !== epochs.length || (Number(crc) !== 0 && Number(crc) !== sum))) {
    problems.push({
      file: 'epochFileCheckpoint',
      what: 'its count or its CRC does not fit its lines',
      advice: 'the broker takes epochFileCheckpoint.bak, or learns the epochs again from its master',
    });
  }
  const above = epochs.find((each) => each.startOffset > logMax);
  if (above !== undefined) {
    problems.push({
      file: 'epochFileCheckpoint',
      what: `epoch ${above.epoch} begins at ${above.startOffset}, behind the end of the log at ${logMax}`,
      advice: 'the log has lost its end: the broker drops this epoch when it starts and takes the rest from its master',
    });
  }
  return epochs;
}

function readCheckpoint(files: Files, root: string): StoreReport['checkpoint'] {
  const content = files.readAll(`${root}/checkpoint`);
  if (content === undefined) return undefined;
  const bytes = Buffer.alloc(40);
  content.copy(bytes, 0, 0, 40);
  return {
    logTimestamp: readInt64(bytes, 0),
    queuesTimestamp: readInt64(bytes, 8),
    indexTimestamp: readInt64(bytes, 16),
    masterFlushedOffset: readInt64(bytes, 24),
    confirmOffset: readInt64(bytes, 32),
  };
}

function inspectIndex(files: Files, root: string, logMax: number, problems: StoreProblem[]): IndexReport[] {
  const names = files.list(`${root}/index`).filter((name) => /^\d+$/.test(name));
  return names.map((name) => {
    const head = Buffer.alloc(HEADER_BYTES);
    const open = files.open(`${root}/index/${name}`, 'read');
    open.readSync(head, 0, HEADER_BYTES, 0);
    open.close();
    const report = {
      file: name,
      entries: Math.max(0, head.readInt32BE(36) - 1),
      beginTimestamp: readInt64(head, 0),
      endTimestamp: readInt64(head, 8),
      beginOffset: readInt64(head, 16),
      endOffset: readInt64(head, 24),
    };
    if (report.endOffset > logMax) {
      problems.push({
        file: `index/${name}`,
        what: `it knows records up to ${report.endOffset}, the log ends at ${logMax}`,
        advice: 'the next start cuts it; queries by key compare what they find anyway',
      });
    }
    return report;
  });
}
