import {
  type DiskUsage,
  type FileLock,
  type FileStat,
  type Files,
  HostError,
  type OpenFile,
  type OpenMode,
} from '@batonmq/host';

const PAGE = 512;

interface Content {
  now: Buffer;
  synced: Buffer;
  /** The directory entry survives a power loss. */
  entry: boolean;
  modifiedMs: number;
}

/**
 * A disk that forgets: `now` is the page cache, `synced` what the platter has. `powerLoss` keeps, page by page and by a seeded
 * choice, one of the two; entries never synced may vanish, removals never synced may be undone. `failWrites` and `failSyncs`
 * make it break.
 */
export class MemoryDisk {
  private files = new Map<string, Content>();
  private removed = new Map<string, Content>();
  private dirs = new Set<string>(['/']);
  private locks = new Set<string>();
  private failingWrite: { code: 'DISK_FULL' | 'FILE_IO'; after: number } | undefined;
  private failingSyncs = false;
  private generation = 0;
  syncs = 0;
  /** A planted bug: syncs succeed and do nothing. */
  lyingSyncs = false;
  usage: DiskUsage = { totalBytes: 100, availableBytes: 90 };

  failWrites(code: 'DISK_FULL' | 'FILE_IO', afterWrites = 0): void {
    this.failingWrite = { code, after: afterWrites };
  }

  failSyncs(on = true): void {
    this.failingSyncs = on;
  }

  heal(): void {
    this.failingWrite = undefined;
    this.failingSyncs = false;
  }

  content(path: string): Buffer | undefined {
    return this.files.get(path)?.now;
  }

  paths(): string[] {
    return [...this.files.keys()].sort();
  }

  set(path: string, bytes: Buffer): void {
    this.files.set(path, { now: Buffer.from(bytes), synced: Buffer.from(bytes), entry: true, modifiedMs: Date.now() });
  }

  touch(path: string, modifiedMs: number): void {
    (this.files.get(path) as Content).modifiedMs = modifiedMs;
  }

  /** The process is gone, the page cache stays. */
  kill(): void {
    this.generation++;
    this.locks.clear();
  }

  /** @param random in [0, 1) */
  powerLoss(random: () => number): void {
    this.kill();
    for (const [path, content] of this.removed)
      if (!this.files.has(path) && random() < 0.5) this.files.set(path, content);
    this.removed.clear();
    for (const [path, content] of this.files) {
      if (!content.entry && random() < 0.5) {
        this.files.delete(path);
        continue;
      }
      const from = random() < 0.5 ? content.now : content.synced;
      const result = Buffer.alloc(from.length);
      for (let at = 0; at < result.length; at += PAGE) {
        const source = random() < 0.5 ? content.now : content.synced;
        source.copy(result, at, Math.min(at, source.length), Math.min(at + PAGE, source.length));
      }
      content.now = result;
      content.synced = Buffer.from(result);
      content.entry = true;
    }
  }

  boot(): Files {
    const generation = this.generation;
    const alive = (): void => {
      if (generation !== this.generation) throw new HostError('FILE_IO', 'the process is dead');
    };
    const writing = (): void => {
      alive();
      if (this.failingWrite !== undefined && this.failingWrite.after-- <= 0)
        throw new HostError(this.failingWrite.code, 'planted');
    };
    const syncing = (): void => {
      alive();
      this.syncs++;
      if (this.failingSyncs) throw new HostError('FILE_IO', 'planted sync failure');
    };
    const open = (path: string, mode: OpenMode): OpenFile => {
      alive();
      let content = this.files.get(path);
      if (content === undefined) {
        if (mode !== 'create') throw new HostError('FILE_NOT_FOUND', path);
        writing();
        content = { now: Buffer.alloc(0), synced: Buffer.alloc(0), entry: false, modifiedMs: Date.now() };
        this.files.set(path, content);
      }
      const file = content;
      const sync = (): void => {
        syncing();
        if (this.lyingSyncs) return;
        file.synced = Buffer.from(file.now);
        file.entry = true;
      };
      return {
        path,
        bytes: () => file.now.length,
        readSync: (target, start, length, position) => {
          alive();
          return position >= file.now.length
            ? 0
            : file.now.copy(target, start, position, Math.min(position + length, file.now.length));
        },
        read: async () => {
          throw new Error('not used');
        },
        writeSync: (source, start, length, position) => {
          writing();
          if (position + length > file.now.length)
            file.now = Buffer.concat([file.now, Buffer.alloc(position + length - file.now.length)]);
          source.copy(file.now, position, start, start + length);
          file.modifiedMs = Date.now();
        },
        truncateSync: (bytes) => {
          writing();
          const next = Buffer.alloc(bytes);
          file.now.copy(next);
          file.now = next;
        },
        datasync: () =>
          new Promise((resolve, reject) => {
            setImmediate(() => {
              try {
                sync();
                resolve();
              } catch (error) {
                reject(error as Error);
              }
            });
          }),
        datasyncSync: sync,
        close: () => {},
      };
    };
    const below = (path: string): string[] =>
      [...this.files.keys(), ...this.dirs].filter((each) => each.startsWith(`${path}/`));
    const remove = (path: string): void => {
      alive();
      const content = this.files.get(path);
      if (content !== undefined) this.removed.set(path, content);
      this.files.delete(path);
    };
    return {
      open,
      stat: (path): FileStat | undefined => {
        const file = this.files.get(path);
        if (file !== undefined) return { kind: 'file', bytes: file.now.length, modifiedMs: file.modifiedMs };
        return this.dirs.has(path) || below(path).length > 0
          ? { kind: 'directory', bytes: 0, modifiedMs: 0 }
          : undefined;
      },
      list: (path) =>
        [...new Set(below(path).map((each) => each.slice(path.length + 1).split('/')[0] as string))].sort(),
      makeDirs: (path) => void this.dirs.add(path),
      remove,
      removeTree: (path) => {
        for (const each of below(path)) {
          remove(each);
          this.dirs.delete(each);
        }
        this.dirs.delete(path);
      },
      rename: (from, to) => {
        alive();
        const content = this.files.get(from) as Content;
        this.files.delete(from);
        this.files.set(to, content);
      },
      syncDir: (path) => {
        alive();
        for (const each of below(path)) {
          const file = this.files.get(each);
          if (file !== undefined && !each.slice(path.length + 1).includes('/')) file.entry = true;
        }
        for (const each of this.removed.keys()) if (each.startsWith(`${path}/`)) this.removed.delete(each);
      },
      readAll: (path) => {
        const file = this.files.get(path);
        return file === undefined ? undefined : Buffer.from(file.now);
      },
      replace: (path, bytes) => this.set(path, Buffer.from(bytes as string)),
      lock: async (path): Promise<FileLock> => {
        if (this.locks.has(path)) throw new HostError('FILE_LOCKED', `${path} is locked`);
        this.locks.add(path);
        if (!this.files.has(path)) this.set(path, Buffer.alloc(0));
        return { release: async () => void this.locks.delete(path) };
      },
      diskUsage: () => this.usage,
    };
  }
}
