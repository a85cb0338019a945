import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { HostError, codeOf, textOf } from '../errors';
import type { DiskUsage, FileLock, FileStat, Files, OpenFile, OpenMode } from '../host';
import { lockFile } from './lock';

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

class NodeFile implements OpenFile {
  private closed = false;

  constructor(
    readonly path: string,
    private readonly fd: number,
  ) {}

  bytes(): number {
    return attempt('stat', this.path, () => fs.fstatSync(this.fd).size);
  }

  readSync(target: Buffer, targetStart: number, length: number, position: number): number {
    let done = 0;
    while (done < length) {
      const count = attempt('read', this.path, () =>
        fs.readSync(this.fd, target, targetStart + done, length - done, position + done),
      );
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  read(target: Buffer, targetStart: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.fd, target, targetStart, length, position, (error, count) =>
        error ? reject(hostError('read', this.path, error)) : resolve(count),
      );
    });
  }

  writeSync(source: Buffer, sourceStart: number, length: number, position: number): void {
    let done = 0;
    while (done < length) {
      done += attempt('write', this.path, () =>
        fs.writeSync(this.fd, source, sourceStart + done, length - done, position + done),
      );
    }
  }

  truncateSync(bytes: number): void {
    attempt('truncate', this.path, () => fs.ftruncateSync(this.fd, bytes));
  }

  datasync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.fd, (error) => (error ? reject(hostError('sync', this.path, error)) : resolve()));
    });
  }

  datasyncSync(): void {
    attempt('sync', this.path, () => fs.fdatasyncSync(this.fd));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    attempt('close', this.path, () => fs.closeSync(this.fd));
  }
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
    return { kind, bytes: stat.size, modifiedMs: stat.mtimeMs };
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

  lock(path: string): Promise<FileLock> {
    this.makeDirs(dirname(path));
    return lockFile(path);
  }

  diskUsage(path: string): DiskUsage {
    const stat = attempt('ask for disk use of', path, () => fs.statfsSync(path));
    return { totalBytes: stat.blocks * stat.bsize, availableBytes: stat.bavail * stat.bsize };
  }
}
