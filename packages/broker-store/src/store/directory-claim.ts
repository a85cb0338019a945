import { type FileLock, type Host, codeOf, textOf } from '@batonmq/host';
import { StoreError } from '../errors';
import { WrittenMark } from './written-mark';

/** Files that say who uses the directory, and how it was left: `lock` and `abort`. */
export class DirectoryClaim {
  private readonly abortPath: string;
  private lock: FileLock | undefined;
  private lostTail = false;
  private readonly mark: WrittenMark;

  /** @param flushDiskType the way in which this owner promises what it writes */
  constructor(
    private readonly host: Pick<Host, 'files' | 'machine' | 'checksums'>,
    private readonly root: string,
    private readonly flushDiskType: string,
  ) {
    this.abortPath = `${root}/abort`;
    this.mark = new WrittenMark(host, this.abortPath);
  }

  /** @throws StoreError STORE_LOCKED; HostError */
  async take(): Promise<void> {
    const { files } = this.host;
    files.makeDirs(this.root);
    const path = `${this.root}/lock`;
    // Only while nobody can hold it: closing any descriptor of the file would drop this process's lock on it.
    if (files.stat(path) === undefined) {
      const file = files.open(path, 'create');
      file.writeSync(Buffer.from('lock'), 0, 4, 0);
      file.close();
    }
    try {
      this.lock = await files.lock(path);
    } catch (cause) {
      if (codeOf(cause) !== 'FILE_LOCKED') throw cause;
      throw new StoreError('STORE_LOCKED', textOf(cause), { cause });
    }
  }

  /** The last owner stopped in good order. */
  get wasLeftClean(): boolean {
    return this.host.files.stat(this.abortPath) === undefined;
  }

  /**
   * Whether what former owners acknowledged without a sync may be gone: they did not stop in good order, and the machine
   * was started anew since, or cannot tell. Stays so, over restarts, until `forgetLostTail`.
   */
  get unsyncedTailLost(): boolean {
    return this.lostTail;
  }

  /** From here on a stop that is not clean is seen as such by the next start. */
  markRunning(): void {
    const { files, machine } = this.host;
    const text = files.readAll(this.abortPath)?.toString('latin1');
    const former = text?.split('\n');
    const [, bootId = '', flushDiskType = ''] = former ?? [];
    this.mark.take(text);
    const sameBoot = bootId !== '' && bootId === machine.bootId;
    this.lostTail = former !== undefined && !sameBoot && flushDiskType !== 'SYNC_FLUSH';
    if (this.lostTail) this.writeAbort(bootId, flushDiskType);
    else this.writeAbort(machine.bootId ?? '', this.flushDiskType);
  }

  /** Whoever counted on this log knows. */
  forgetLostTail(): void {
    if (!this.lostTail) return;
    this.lostTail = false;
    this.writeAbort(this.host.machine.bootId ?? '', this.flushDiskType);
  }

  /** Java writes its pid and looks only whether the file is there. */
  private writeAbort(bootId: string, flushDiskType: string): void {
    const { files, machine } = this.host;
    const head = `${machine.pid}\n${bootId}\n${flushDiskType}\n`;
    files.replace(this.abortPath, head + this.mark.follow(head));
  }

  /** Everything of the log below it is in the files of queues and index, be it in the page cache only; -1: not known. */
  get writtenTo(): number {
    return this.mark.offset;
  }

  /** @param offset as `writtenTo`; it outlives the process, not the machine @throws HostError */
  noteWritten(offset: number): void {
    this.mark.write(offset);
  }

  /** Everything is written and synced. */
  markClean(): void {
    this.mark.close();
    this.host.files.remove(this.abortPath);
  }

  async release(): Promise<void> {
    this.mark.close();
    await this.lock?.release();
    this.lock = undefined;
  }
}
