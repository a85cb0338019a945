import type { Files, Logger } from '@batonmq/host';
import { fileName } from '../format/file-name';
import type { CommitLog } from '../log/commit-log';

const CHUNK_BYTES = 1 << 20;
const SEGMENTS = 'segments';
/** What a file system takes beside the content. */
const SLACK_BYTES = 1 << 20;
const NEARBY_BYTES = 4 << 20;
/** Copies kept; the oldest go first. */
const MAX_COPIES = 8;

/**
 * Before recovery cuts the log at `offset`: copies what is behind it in its file and not zero to `<root>/cut-tail/<offset>`, so
 * that a bad record in the middle costs no bytes for good (`bit-rot-cuts-tail`). A torn tail leaves a small file there. Whole
 * segments that follow are moved to `<root>/cut-tail/segments/`, where nothing removes them.
 * @returns bytes copied
 */
export function keepTailAside(files: Files, logger: Logger, root: string, log: CommitLog, offset: number): number {
  const directory = `${root}/cut-tail`;
  const path = `${directory}/${fileName(offset)}`;
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, log.fileSize));
  const zeros = Buffer.alloc(chunk.length);
  let copied = 0;
  let file: ReturnType<Files['open']> | undefined;
  moveSegments(files, logger, directory, log, offset);
  const end = Math.min(log.writtenEnd, log.series.startOf(offset) + log.fileSize, lookUpTo(files, log, offset));
  for (let at = offset; at < end;) {
    const got = log.readInto(chunk, 0, chunk.length, at);
    if (got === 0) break;
    if (chunk.compare(zeros, 0, got, 0, got) !== 0) {
      if (file === undefined) {
        files.makeDirs(directory);
        file = files.open(path, 'create');
      }
      file.writeSync(chunk, 0, got, at - offset);
      copied = at - offset + got;
    }
    at += got;
  }
  if (file === undefined) return 0;
  file.datasyncSync();
  file.close();
  const copies = files.list(directory).filter((name) => name !== SEGMENTS);
  for (const name of copies.slice(0, -MAX_COPIES)) files.remove(`${directory}/${name}`);
  logger.error(
    { offset, bytes: copied, path },
    'the log is cut behind its last good record; what follows has been copied aside',
  );
  return copied;
}

/** A sparse file that takes no more of the disk than the good part needs holds nothing behind it, but for a torn end. */
function lookUpTo(files: Files, log: CommitLog, offset: number): number {
  const start = log.series.startOf(offset);
  const { allocatedBytes } = files.stat(log.series.path(start)) ?? {};
  if (allocatedBytes === undefined || allocatedBytes > offset - start + SLACK_BYTES) return Infinity;
  return offset + NEARBY_BYTES;
}

/** Newest first, so that the log never has a gap. Segments that were made ahead and hold nothing stay: the cut removes them. */
function moveSegments(files: Files, logger: Logger, directory: string, log: CommitLog, offset: number): void {
  const { series } = log;
  const head = Buffer.alloc(8);
  for (let last = series.last; last !== undefined && last > offset; last = series.last) {
    log.readInto(head, 0, 8, last);
    if (head.every((byte) => byte === 0)) {
      series.cut(last, false, true);
      continue;
    }
    files.makeDirs(`${directory}/${SEGMENTS}`);
    const path = `${directory}/${SEGMENTS}/${fileName(last)}`;
    series.moveLastTo(path);
    logger.error({ offset, path }, 'a segment behind the last good record of the log has been moved aside');
  }
}
