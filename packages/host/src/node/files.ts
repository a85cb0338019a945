import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { HostError, codeOf, textOf } from '../errors';
import type { DiskUsage, FileLock, FileStat, Files, OpenFile, OpenMode } from '../host';
import { lockFile } from './lock';

/** Unit of `blocks` in a stat, whatever the file system's own is. */
const STAT_BLOCK_BYTES = 512;
const FLAGS: Record<OpenMode, number> = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT,
};

/** Runs a file system call; its failure comes out as a HostError that names what was tried. */
function attempt<T>(what: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw hostError(what, path, cause);
  }
}

function hostError(what: string, path: string, cause: unknown): HostError {
  const code = codeOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new HostError('DISK_FULL', `cannot ${what} ${path}: no space left`, {
      hint: 'free or add disk space',
      cause,
    });
  }
  if (code === 'ENOENT') return new HostError('FILE_NOT_FOUND', `cannot ${what} ${path}: it does not exist`, { cause });
  const hint = code === 'EACCES' || code === 'EPERM' ? 'check owner and permissions' : undefined;
  return new HostError('FILE_IO', `cannot ${what} ${path}: ${textOf(cause)}`, { hint, cause });
}

/** The descriptor's number is reused after closing, so nothing may touch it from then on: that would be another file. */
class NodeFile implements OpenFile {
  private closed = false;
  /** Operations in the thread pool; the descriptor is closed after them. */
  private underWay = 0;

  constructor(
    readonly path: string,
    private readonly fd: number,
  ) {}

  bytes(): number {
    return this.attempt('stat', () => fs.fstatSync(this.fd).size);
  }

  readSync(target: Buffer, targetStart: number, length: number, position: number): number {
    let done = 0;
    while (done < length) {
      const count = this.attempt('read', () =>
        fs.readSync(this.fd, target, targetStart + done, length - done, position + done),
      );
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  async read(targets: readonly Buffer[], position: number): Promise<number> {
    let done = 0;
    for (let left = targets; left.length > 0;) {
      const at = done;
      const count = await this.background<number>('read', at > 0, (callback) =>
        fs.readv(this.fd, left, position + at, callback),
      );
      if (count === 0) break;
      done += count;
      left = behind(left, count);
    }
    return done;
  }

  writeSync(source: Buffer, sourceStart: number, length: number, position: number): void {
    let done = 0;
    while (done < length) {
      done += this.attempt('write', () =>
        fs.writeSync(this.fd, source, sourceStart + done, length - done, position + done),
      );
    }
  }

  truncateSync(bytes: number): void {
    this.attempt('truncate', () => fs.ftruncateSync(this.fd, bytes));
  }

  datasync(): Promise<void> {
    return this.background<void>('sync', false, (callback) => fs.fdatasync(this.fd, callback));
  }

  datasyncSync(): void {
    this.attempt('sync', () => fs.fdatasyncSync(this.fd));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.underWay === 0) this.release();
  }

  private release(): void {
    attempt('close', this.path, () => fs.closeSync(this.fd));
  }

  private attempt<T>(what: string, call: () => T): T {
    if (this.closed) throw closedError(what, this.path);
    return attempt(what, this.path, call);
  }

  /** @param begun the operation goes on with an earlier part: closing in between does not stop it */
  private background<T>(
    what: string,
    begun: boolean,
    call: (callback: (error: NodeJS.ErrnoException | null, value?: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.closed && !begun) return reject(closedError(what, this.path));
      this.underWay++;
      call((error, value) => {
        // The next part of a long read is asked for in a promise job: only after that the descriptor may go.
        setImmediate(() => {
          if (--this.underWay === 0 && this.closed) this.release();
        });
        if (error) reject(hostError(what, this.path, error));
        else resolve(value as T);
      });
    });
  }
}

/** What of `buffers` is left when their first `count` bytes are filled. */
function behind(buffers: readonly Buffer[], count: number): Buffer[] {
  let filled = count;
  const left: Buffer[] = [];
  for (const buffer of buffers) {
    if (buffer.length > filled) left.push(buffer.subarray(filled));
    filled = Math.max(0, filled - buffer.length);
  }
  return left;
}

function closedError(what: string, path: string): HostError {
  return new HostError('FILE_IO', `cannot ${what} ${path}: it was closed`);
}

export class NodeFiles implements Files {
  open(path: string, mode: OpenMode): OpenFile {
    return new NodeFile(
      path,
      attempt('open', path, () => fs.openSync(path, FLAGS[mode], 0o644)),
    );
  }

  stat(path: string): FileStat | undefined {
    const stat = attempt('stat', path, () => fs.statSync(path, { throwIfNoEntry: false }));
    if (stat === undefined) return undefined;
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other';
    // Windows tells none.
    const allocatedBytes = stat.blocks > 0 || stat.size === 0 ? stat.blocks * STAT_BLOCK_BYTES : undefined;
    return { kind, bytes: stat.size, modifiedMs: stat.mtimeMs, allocatedBytes };
  }

  list(path: string): string[] {
    try {
      return fs.readdirSync(path).sort();
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return [];
      throw hostError('list', path, cause);
    }
  }

  makeDirs(path: string): void {
    attempt('make directory', path, () => fs.mkdirSync(path, { recursive: true }));
  }

  remove(path: string): void {
    attempt('remove', path, () => fs.rmSync(path, { force: true }));
  }

  removeTree(path: string): void {
    attempt('remove', path, () => fs.rmSync(path, { force: true, recursive: true }));
  }

  rename(from: string, to: string): void {
    attempt('rename', from, () => fs.renameSync(from, to));
  }

  syncDir(path: string): void {
    const fd = attempt('open', path, () => fs.openSync(path, fs.constants.O_RDONLY));
    try {
      fs.fsyncSync(fd);
    } catch (cause) {
      // Some file systems (and Windows) cannot sync a directory; there it is not needed or not possible.
      if (!['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'].includes(codeOf(cause) ?? '')) throw hostError('sync', path, cause);
    } finally {
      fs.closeSync(fd);
    }
  }

  readAll(path: string): Buffer | undefined {
    try {
      return fs.readFileSync(path);
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw hostError('read', path, cause);
    }
  }

  replace(path: string, content: Buffer | string): void {
    const temporary = `${path}.new`;
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    const fd = attempt('open', temporary, () => fs.openSync(temporary, 'w', 0o644));
    try {
      attempt('write', temporary, () => fs.writeFileSync(fd, bytes));
      attempt('sync', temporary, () => fs.fdatasyncSync(fd));
    } finally {
      fs.closeSync(fd);
    }
    this.rename(temporary, path);
    this.syncDir(dirname(path));
  }

  async lock(path: string): Promise<FileLock> {
    this.makeDirs(dirname(path));
    return lockFile(path);
  }

  diskUsage(path: string): DiskUsage {
    const stat = attempt('ask for disk use of', path, () => fs.statfsSync(path));
    return { totalBytes: stat.blocks * stat.bsize, availableBytes: stat.bavail * stat.bsize };
  }
}
