import type { Checksums, Files } from '@batonmq/host';
import { FOUND, RecordHeader } from '../format/record';
import type { SegmentReport, StoreProblem } from './report';

const WINDOW_BYTES = 4 << 20;

/** Walks the records of one segment, as recovery does, with the file opened for reading only. */
export class SegmentReader {
  readonly header = new RecordHeader();
  private readonly window = Buffer.allocUnsafeSlow(WINDOW_BYTES);

  constructor(
    private readonly files: Pick<Files, 'open'>,
    private readonly checksums: Pick<Checksums, 'crc32'>,
  ) {}

  /** @param isLast zeros behind the last record are expected in the newest segment only */
  read(directory: string, file: string, start: number, isLast: boolean): SegmentReport & { problem?: StoreProblem } {
    const open = this.files.open(`${directory}/${file}`, 'read');
    const bytes = open.bytes();
    let at = 0;
    let records = 0;
    let first = 0;
    let last = 0;
    let problem: StoreProblem | undefined;
    let windowAt = 0;
    let got = 0;
    const fill = (from: number): void => {
      windowAt = from;
      got = open.readSync(this.window, 0, WINDOW_BYTES, from);
    };
    try {
      fill(0);
      while (at < bytes) {
        let found = this.at(at - windowAt, got, start + at);
        if (found === FOUND.incomplete && at > windowAt) {
          fill(at);
          found = this.at(0, got, start + at);
        }
        if (found > 0) {
          if (records++ === 0) first = this.header.storeTimestamp;
          last = this.header.storeTimestamp;
          at += found;
          continue;
        }
        if (found === FOUND.blank) break;
        problem = this.judge(`commitlog/${file}`, at, start, bytes, isLast, open.readSync.bind(open));
        break;
      }
    } finally {
      open.close();
    }
    return {
      file,
      start,
      bytes,
      records,
      endOffset: start + at,
      firstTimestamp: first,
      lastTimestamp: last,
      problem,
    };
  }

  private at(at: number, got: number, offset: number): number {
    const { window, header } = this;
    const found = header.read(window, at, got - at);
    if (found <= 0) return found;
    const crc = this.checksums.crc32(window.subarray(header.bodyStart, header.bodyEnd)) & 0x7fff_ffff;
    return header.physicalOffset === offset && crc === header.bodyCrc ? found : FOUND.bad;
  }

  /** What is behind the last good record. */
  private judge(
    file: string,
    at: number,
    start: number,
    bytes: number,
    isLast: boolean,
    read: (target: Buffer, targetStart: number, length: number, position: number) => number,
  ): StoreProblem | undefined {
    const { window } = this;
    for (let from = at; from < bytes; from += WINDOW_BYTES) {
      const count = read(window, 0, Math.min(WINDOW_BYTES, bytes - from), from);
      const other = window.subarray(0, count).findIndex((byte) => byte !== 0);
      if (other < 0) continue;
      const what = `no whole record at ${start + at}, but bytes that are not zeros`;
      const advice = isLast
        ? 'the next start cuts the log there and keeps the rest in cut-tail/; or copy the directory aside first'
        : 'damage in the middle: keep a copy, let the broker join as a slave and take the log from its master';
      return { file, offset: start + at, what, advice };
    }
    if (isLast) return undefined;
    return {
      file,
      offset: start + at,
      what: `zeros from ${start + at} on, and segments follow`,
      advice: 'what followed there is lost on this disk: let the broker take the log from its master',
    };
  }
}
