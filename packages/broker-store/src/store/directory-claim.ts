import { type FileLock, type Host, codeOf, textOf } from '@batonmq/host';
import { StoreError } from '../errors';
import { folderOf } from '../format/file-name';

/** Files that say who uses the directory, and how it was left: `lock` and `abort`. */
export class DirectoryClaim {
  private readonly abortPath: string;
  private lock: FileLock | undefined;

  constructor(
    private readonly host: Pick<Host, 'files' | 'machine'>,
    private readonly root: string,
  ) {
    this.abortPath = `${root}/abort`;
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

  /** From here on a stop that is not clean is seen as such by the next start. */
  markRunning(): void {
    const { files, machine } = this.host;
    const file = files.open(this.abortPath, 'create');
    try {
      const pid = Buffer.from(String(machine.pid));
      file.truncateSync(0);
      file.writeSync(pid, 0, pid.length, 0);
    } finally {
      file.close();
    }
    files.syncDir(folderOf(this.abortPath));
  }

  /** Everything is written and synced. */
  markClean(): void {
    this.host.files.remove(this.abortPath);
  }

  async release(): Promise<void> {
    await this.lock?.release();
    this.lock = undefined;
  }
}
