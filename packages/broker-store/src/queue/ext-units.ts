import type { Files } from '@batonmq/host';
import { readInt64 } from '../format/int64';
import { fileName } from '../format/file-name';
import { OpenFiles } from '../open-files';

const MAX_OPEN_FILES = 16;
/** Size of a unit without bit map. */
const LEAST_BYTES = 20;
const HEAD_BYTES = 10;

/**
 * What RocketMQ writes beside a queue with `enableConsumeQueueExt`: units refer to a place here, where the tags code is.
 * Only read; our own units have their tags code themselves, which is as good for every reader. @source ConsumeQueueExt
 *
 *     0            2               10                  18               20
 *     | size  i16  | tags code i64 | store time   i64  | bit map's i16  | bit map        big-endian
 */
export class ExtUnits {
  private readonly open: OpenFiles;
  private readonly head = Buffer.alloc(HEAD_BYTES);

  constructor(
    private readonly files: Files,
    private readonly directory: string,
    private readonly fileSize: number,
  ) {
    this.open = new OpenFiles(files, MAX_OPEN_FILES);
  }

  /** The tags code of the unit at `position`; undefined when there is none: the message may be anything. */
  tagsCode(topic: string, queueId: number, position: number): number | undefined {
    const at = position % this.fileSize;
    const path = `${this.directory}/${topic}/${queueId}/${fileName(position - at)}`;
    if (this.files.stat(path) === undefined) return undefined;
    const length = this.open.get(path).readSync(this.head, 0, HEAD_BYTES, at);
    if (length < HEAD_BYTES || this.head.readInt16BE(0) < LEAST_BYTES) return undefined;
    return readInt64(this.head, 2);
  }

  deleteTopic(topic: string): void {
    this.open.closeAll();
    this.files.removeTree(`${this.directory}/${topic}`);
  }

  close(): void {
    this.open.closeAll();
  }
}
