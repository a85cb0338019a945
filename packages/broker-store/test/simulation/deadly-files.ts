import type { Files, OpenFile, OpenMode } from '@batonmq/host';

/**
 * Files that count what changes the disk, and call `onZero` before the operation at which the count runs out: the process, or
 * the power, goes just there.
 */
export class DeadlyFiles implements Files {
  constructor(
    private readonly files: Files,
    private readonly strike: () => void,
  ) {}

  open(path: string, mode: OpenMode): OpenFile {
    if (mode === 'create') this.strike();
    return mode === 'read' ? this.files.open(path, mode) : new DeadlyFile(this.files.open(path, mode), this.strike);
  }

  makeDirs(path: string): void {
    this.strike();
    this.files.makeDirs(path);
  }

  remove(path: string): void {
    this.strike();
    this.files.remove(path);
  }

  removeTree(path: string): void {
    this.strike();
    this.files.removeTree(path);
  }

  rename(from: string, to: string): void {
    this.strike();
    this.files.rename(from, to);
  }

  syncDir(path: string): void {
    this.strike();
    this.files.syncDir(path);
  }

  replace(path: string, content: Buffer | string): void {
    this.strike();
    this.files.replace(path, content);
  }

  stat: Files['stat'] = (path) => this.files.stat(path);
  list: Files['list'] = (path) => this.files.list(path);
  readAll: Files['readAll'] = (path) => this.files.readAll(path);
  lock: Files['lock'] = (path) => this.files.lock(path);
  diskUsage: Files['diskUsage'] = () => ({ totalBytes: 100, availableBytes: 90 });
}

class DeadlyFile implements OpenFile {
  readonly path: string;

  constructor(
    private readonly file: OpenFile,
    private readonly strike: () => void,
  ) {
    this.path = file.path;
  }

  bytes = (): number => this.file.bytes();
  readSync: OpenFile['readSync'] = (target, start, length, position) =>
    this.file.readSync(target, start, length, position);
  read: OpenFile['read'] = (targets, position) => this.file.read(targets, position);

  writeSync(source: Buffer, start: number, length: number, position: number): void {
    this.strike();
    this.file.writeSync(source, start, length, position);
  }

  truncateSync(bytes: number): void {
    this.strike();
    this.file.truncateSync(bytes);
  }

  async datasync(): Promise<void> {
    this.strike();
    await this.file.datasync();
  }

  datasyncSync(): void {
    this.strike();
    this.file.datasyncSync();
  }

  close = (): void => this.file.close();
}
