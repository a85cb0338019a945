import { type Files, HostError, type OpenFile } from '@batonmq/host';

export type FaultCode = 'DISK_FULL' | 'FILE_IO';
type Concerns = (path: string) => boolean;

/** Real files that break on request, as a file system does: full, failing, or mounted anew for reading only. */
export class FaultyFiles {
  private writes: { code: FaultCode; concerns: Concerns } | undefined;
  private syncs: Concerns | undefined;
  /** Writes since the last call of `forget`: file and range. */
  written: { path: string; from: number; to: number }[] = [];
  /** How many writes there were when a sync failed last. */
  private writtenWhenFailed = 0;
  /** Changes that were refused so far. */
  refused = 0;

  constructor(private readonly real: Files) {}

  failWrites(code: FaultCode, concerns: Concerns = () => true): void {
    this.writes = { code, concerns };
  }

  failSyncs(concerns: Concerns = () => true): void {
    this.syncs = concerns;
  }

  heal(): void {
    this.writes = this.syncs = undefined;
  }

  private changing(path: string): void {
    if (this.writes?.concerns(path) !== true) return;
    this.refused += 1;
    const { code } = this.writes;
    const text = code === 'DISK_FULL' ? 'ENOSPC: no space left on device' : 'EROFS or EIO';
    throw new HostError(code, `cannot write ${path}: ${text}`);
  }

  private syncing(path: string): void {
    if (this.syncs?.(path) !== true) return;
    this.writtenWhenFailed = this.written.length;
    throw new HostError('FILE_IO', `cannot sync ${path}: EIO: i/o error`);
  }

  get writtenSinceFailedSync(): readonly { path: string; from: number; to: number }[] {
    return this.written.slice(this.writtenWhenFailed);
  }

  get files(): Files {
    const { real } = this;
    const changing = (path: string): void => this.changing(path);
    return Object.assign(Object.create(real) as Files, {
      open: (path: string, mode: 'read' | 'write' | 'create') => {
        if (mode === 'create' && real.stat(path) === undefined) changing(path);
        return this.wrap(real.open(path, mode));
      },
      makeDirs: (path: string) => {
        if (real.stat(path) === undefined) changing(path);
        real.makeDirs(path);
      },
      remove: (path: string) => {
        if (this.writes?.code === 'FILE_IO') changing(path);
        real.remove(path);
      },
      replace: (path: string, content: Buffer | string) => {
        changing(path);
        real.replace(path, content);
      },
      syncDir: (path: string) => {
        this.syncing(path);
        real.syncDir(path);
      },
      stat: (path: string) => real.stat(path),
      list: (path: string) => real.list(path),
      lock: (path: string) => real.lock(path),
      readAll: (path: string) => real.readAll(path),
      rename: (from: string, to: string) => real.rename(from, to),
      removeTree: (path: string) => real.removeTree(path),
      diskUsage: (path: string) => real.diskUsage(path),
    });
  }

  private wrap(file: OpenFile): OpenFile {
    const { path } = file;
    return {
      path,
      bytes: () => file.bytes(),
      readSync: (target, start, length, position) => file.readSync(target, start, length, position),
      read: (targets, position) => file.read(targets, position),
      writeSync: (source, start, length, position) => {
        if (this.writes?.concerns(path) === true && length > 1) {
          // As a full disk does: the first part still goes.
          file.writeSync(source, start, length >> 1, position);
        }
        this.changing(path);
        file.writeSync(source, start, length, position);
        this.written.push({ path, from: position, to: position + length });
      },
      truncateSync: (bytes) => {
        this.changing(path);
        file.truncateSync(bytes);
      },
      datasync: async () => {
        await file.datasync();
        this.syncing(path);
      },
      datasyncSync: () => {
        file.datasyncSync();
        this.syncing(path);
      },
      close: () => file.close(),
    };
  }
}
