import type { Host, OpenFile } from '@batonmq/host';

const DIGITS = 16;
const CRC_DIGITS = 8;

/**
 * The last line of `abort`: how far the log has been fed into queues and index, all of it written. It is put there again and
 * again without a sync: it speaks of the page cache, is in the page cache, and counts only for the same run of the operating
 * system, which it names. Whoever writes `abort` anew without it (Java, a start after a power loss) takes it away.
 *
 *     written 0000000000004711 <boot id> <crc of what is before it>
 */
export class WrittenMark {
  /** -1: nothing is known to be written. */
  offset = -1;
  private place = 0;
  /** A write has failed: either may be there. */
  private uncertain = false;
  private file: OpenFile | undefined;

  constructor(
    private readonly host: Pick<Host, 'files' | 'machine' | 'checksums'>,
    private readonly path: string,
  ) {}

  /** Takes over what a former process left. @param text of the file; undefined: there is none */
  take(text: string | undefined): void {
    const line = text?.split('\n').at(-2) ?? '';
    const digits = /^written (\d+) /.exec(line)?.[1];
    const counts = digits !== undefined && this.host.machine.bootId !== undefined && line === this.line(Number(digits));
    this.offset = counts ? Number(digits) : -1;
  }

  /** The line; the file is about to be made anew with it. @param head what stands before it */
  follow(head: string): string {
    this.close();
    this.place = head.length;
    return `${this.line(this.offset)}\n`;
  }

  /** @param offset -1: nothing counts as written any more @throws HostError */
  write(offset: number): void {
    if ((offset === this.offset && !this.uncertain) || this.host.machine.bootId === undefined) return;
    this.uncertain = true;
    this.offset = Math.min(this.offset, offset);
    this.file ??= this.host.files.open(this.path, 'write');
    const line = Buffer.from(this.line(offset), 'latin1');
    this.file.writeSync(line, 0, line.length, this.place);
    this.offset = offset;
    this.uncertain = false;
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  /** One length for all offsets. */
  private line(offset: number): string {
    const { machine, checksums } = this.host;
    const digits = offset < 0 ? '-'.repeat(DIGITS) : String(offset).padStart(DIGITS, '0');
    const text = `written ${digits} ${machine.bootId ?? ''} `;
    return text + checksums.crc32(Buffer.from(text, 'latin1')).toString(16).padStart(CRC_DIGITS, '0');
  }
}
