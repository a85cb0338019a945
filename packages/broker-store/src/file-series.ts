import type { FileStat, Files, Logger, OpenFile } from '@batonmq/host';
import { StoreError } from './errors';
import { fileName, folderOf, startOffsetOf } from './format/file-name';
import type { OpenFiles } from './open-files';

const CLEAR_BYTES = 16 << 10;

/**
 * A directory of files of one size, named after their start offset: commit log and consume queues. Files have their full
 * length from creation (sparse); where the data ends is found by reading. @source MappedFileQueue
 */
export class FileSeries {
  /** Start offsets of the files, ascending. */
  readonly starts: number[] = [];
  private lastPathStart = -1;
  private lastPath = '';
  /** Bytes of the disk that the last file took when it was loaded: a hint. */
  lastAllocated: number | undefined;
  /** Grows with each cut and each removal of a file: until then, what was read is still there. */
  removals = 0;
  private newNames: 'none' | 'file' | 'directory' = 'none';

  constructor(
    private readonly files: Files,
    private readonly open: OpenFiles,
    readonly directory: string,
    readonly fileSize: number,
  ) {}

  get first(): number | undefined {
    return this.starts[0];
  }

  get last(): number | undefined {
    return this.starts.at(-1);
  }

  startOf(position: number): number {
    return position - (position % this.fileSize);
  }

  path(start: number): string {
    if (start !== this.lastPathStart) {
      this.lastPath = `${this.directory}/${fileName(start)}`;
      this.lastPathStart = start;
    }
    return this.lastPath;
  }

  /** A file between others is not there. */
  get hasGap(): boolean {
    const { first, last, starts } = this;
    return first !== undefined && last !== undefined && last - first !== (starts.length - 1) * this.fileSize;
  }

  has(start: number): boolean {
    return this.starts.includes(start);
  }

  /**
   * Lists and checks the files. Foreign entries are named and left alone. A file that is too long is refused, by name. One
   * that is too short gets its length back, as zeros, where a crash explains it (while it was made or cut): the last one
   * always, any after a stop that was not clean. What it should have held is then missing where recovery looks for it.
   * @throws StoreError STORE_CORRUPT
   */
  load(clean: boolean, log: Logger): void {
    this.starts.length = 0;
    const names = this.files.list(this.directory);
    let lastStat: FileStat | undefined;
    for (const name of names) {
      const start = startOffsetOf(name);
      const stat = start === undefined ? undefined : this.files.stat(`${this.directory}/${name}`);
      if (start === undefined || stat?.kind !== 'file') {
        log.warn({ path: `${this.directory}/${name}` }, 'not a file of the store; left alone');
        continue;
      }
      if (start % this.fileSize !== 0 || name.length !== 20) {
        throw this.corrupt(name, `its name is no multiple of the file size ${this.fileSize}`);
      }
      if (this.last !== undefined) this.checkLength(this.last, lastStat, false, clean, log);
      this.starts.push(start);
      lastStat = stat;
    }
    // A former process may have made names that it did not come to sync.
    this.newNames = clean || this.starts.length === 0 ? 'none' : 'directory';
    this.lastAllocated = lastStat?.allocatedBytes;
    if (this.last !== undefined) this.checkLength(this.last, lastStat, true, clean, log);
    if (!clean && this.starts.length === 0) this.syncEmptied();
  }

  /** A former process, or this one, has removed what was there: a later power loss must not bring it back. */
  private syncEmptied(): void {
    if (this.files.stat(this.directory)?.kind === 'directory') this.files.syncDir(this.directory);
  }

  private checkLength(start: number, stat: FileStat | undefined, isLast: boolean, clean: boolean, log: Logger): void {
    const path = this.path(start);
    const bytes = stat?.bytes ?? 0;
    if (bytes === this.fileSize) return;
    if (bytes > this.fileSize || (clean && !isLast)) {
      throw this.corrupt(fileName(start), `it has ${bytes} bytes, expected ${this.fileSize}`);
    }
    if (bytes === 0 && isLast) {
      log.warn({ path }, 'removing an empty file that a crash left');
      this.files.remove(path);
      this.starts.pop();
      return;
    }
    log.warn({ path, bytes, expected: this.fileSize }, 'a file is short, as a crash leaves it; extended');
    this.open.get(path).truncateSync(this.fileSize);
  }

  private corrupt(name: string, what: string): StoreError {
    return new StoreError('STORE_CORRUPT', `${this.directory}/${name}: ${what}`, {
      hint: 'was the directory written with another file size? Or is it a stray file: move it away',
    });
  }

  /** Makes the file that starts at `start`, full length, zeros. @throws HostError */
  create(start: number): OpenFile {
    const path = this.path(start);
    this.files.makeDirs(this.directory);
    this.open.forget(path);
    const file = this.files.open(path, 'create');
    try {
      file.truncateSync(0);
      file.truncateSync(this.fileSize);
    } finally {
      file.close();
    }
    if (this.starts.length === 0) this.newNames = 'directory';
    else if (this.newNames === 'none') this.newNames = 'file';
    this.starts.push(start);
    return this.open.get(path);
  }

  /** For use within the call. @throws HostError */
  file(start: number): OpenFile {
    return this.open.get(this.path(start));
  }

  /** Reads what the files have; positions of missing files are an error. @returns bytes read, never across a file end */
  read(target: Buffer, targetStart: number, length: number, position: number): number {
    const start = this.startOf(position);
    const count = Math.min(length, start + this.fileSize - position);
    return this.file(start).readSync(target, targetStart, count, position - start);
  }

  /** Writes across file ends; all files must exist. */
  write(source: Buffer, sourceStart: number, length: number, position: number): void {
    for (let done = 0; done < length;) {
      const at = position + done;
      const start = this.startOf(at);
      const count = Math.min(length - done, start + this.fileSize - at);
      this.file(start).writeSync(source, sourceStart + done, count, at - start);
      done += count;
    }
  }

  /**
   * Removes what is at and behind `position`: later files go, the rest of its own file becomes zeros (cut to length and
   * extended again). Not synced: see `sync`.
   * @param keepEmpty keep the file that begins just at `position`
   * @param inOrder each removal is durable before the next, so that no power loss leaves a gap
   */
  cut(position: number, keepEmpty: boolean, inOrder = false): void {
    this.removals++;
    for (let last = this.last; last !== undefined; last = this.last) {
      if (last < position || (keepEmpty && last === position)) break;
      this.removeAt(this.starts.length - 1);
      if (inOrder) this.files.syncDir(this.directory);
    }
    const last = this.last;
    if (last === undefined || last + this.fileSize <= position) return;
    const file = this.file(last);
    file.truncateSync(position - last);
    file.truncateSync(this.fileSize);
  }

  /** As `cut`, where what goes was written in one row: zeros, up to where there are zeros. Keeps a file that begins there. */
  clear(position: number): void {
    this.removals++;
    for (let last = this.last; last !== undefined && last > position; last = this.last)
      this.removeAt(this.starts.length - 1);
    const end = (this.last ?? 0) + this.fileSize;
    if (this.last === undefined || end <= position) return;
    const zeros = Buffer.alloc(CLEAR_BYTES);
    const found = Buffer.allocUnsafeSlow(CLEAR_BYTES);
    for (let at = position; at < end; at += CLEAR_BYTES) {
      const length = Math.min(CLEAR_BYTES, end - at);
      this.read(found, 0, length, at);
      if (found.compare(zeros, 0, length, 0, length) === 0) return;
      this.write(zeros, 0, length, at);
    }
  }

  removeFirst(): void {
    this.removeAt(0);
  }

  /** Moves the newest file out of the series, durably. @throws HostError */
  moveLastTo(path: string): void {
    this.removals++;
    const start = this.starts.pop();
    if (start === undefined) return;
    this.open.forget(this.path(start));
    this.files.rename(this.path(start), path);
    this.files.syncDir(folderOf(path));
    this.files.syncDir(this.directory);
  }

  private removeAt(index: number): void {
    this.removals++;
    const [start] = this.starts.splice(index, 1);
    if (start === undefined) return;
    this.open.forget(this.path(start));
    this.files.remove(this.path(start));
    // A removal can be undone by a power loss too.
    if (this.newNames === 'none') this.newNames = 'file';
  }

  /** Makes the last file's content and the directory durable, through a handle of its own. @throws HostError */
  async sync(): Promise<void> {
    if (this.last !== undefined) await this.syncFile(this.last);
    if (this.files.stat(this.directory) !== undefined) this.files.syncDir(this.directory);
  }

  /**
   * Adds the directories that have to be synced before files made since the last call survive a power loss.
   * @param depth how many directories above its own may be new with the first file
   */
  takeNewNames(depth: number, into: Set<string>): void {
    if (this.newNames === 'none') return;
    into.add(this.directory);
    let directory = this.directory;
    for (let up = 0; up < depth && this.newNames === 'directory'; up++) {
      directory = folderOf(directory);
      into.add(directory);
    }
    this.newNames = 'none';
  }

  /** @throws HostError */
  async syncFile(start: number): Promise<void> {
    if (!this.has(start)) return;
    const file = this.files.open(this.path(start), 'write');
    try {
      await file.datasync();
    } finally {
      file.close();
    }
  }

  /** All files and the directory go. */
  removeAll(): void {
    while (this.starts.length > 0) this.removeAt(this.starts.length - 1);
    this.files.removeTree(this.directory);
  }
}
