import type { Files, Logger } from '@batonmq/host';
import { fileName } from '../format/file-name';
import type { CommitLog } from '../log/commit-log';

const CHUNK_BYTES = 1 << 20;
/** Copies kept; the oldest go first. */
const MAX_COPIES = 8;
/** Bytes of one copy. */
const MAX_COPY_BYTES = 256 << 20;

/**
 * Before recovery cuts the log at `offset`: copies what is behind it and not zero to `<root>/cut-tail/<offset>`, so that a bad
 * record in the middle costs no bytes for good (`bit-rot-cuts-tail`). A torn tail leaves a small file there.
 * @returns bytes copied
 */
export function keepTailAside(files: Files, logger: Logger, root: string, log: CommitLog, offset: number): number {
  const directory = `${root}/cut-tail`;
  const path = `${directory}/${fileName(offset)}`;
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, log.fileSize));
  const zeros = Buffer.alloc(chunk.length);
  let copied = 0;
  let file: ReturnType<Files['open']> | undefined;
  for (let at = offset; at < log.writtenEnd && at - offset < MAX_COPY_BYTES;) {
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
  for (const name of files.list(directory).slice(0, -MAX_COPIES)) files.remove(`${directory}/${name}`);
  logger.error(
    { offset, bytes: copied, path },
    'the log is cut behind its last good record; what follows has been copied aside',
  );
  return copied;
}
