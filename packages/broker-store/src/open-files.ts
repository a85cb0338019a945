import type { Files, OpenFile } from '@batonmq/host';

/** Open files by path, at most `limit` of them: the one used longest ago is closed. */
export class OpenFiles {
  private readonly open = new Map<string, OpenFile>();
  private newestPath = '';
  private newest: OpenFile | undefined;

  constructor(
    private readonly files: Pick<Files, 'open'>,
    private readonly limit: number,
  ) {}

  /** The file, opened for reading and writing. Not to be kept beyond the call that asked. @throws HostError */
  get(path: string): OpenFile {
    if (this.newest !== undefined && this.newestPath === path) return this.newest;
    let file = this.open.get(path);
    if (file === undefined) {
      file = this.files.open(path, 'write');
      this.evict();
    } else {
      this.open.delete(path);
    }
    this.open.set(path, file);
    this.newestPath = path;
    return (this.newest = file);
  }

  private evict(): void {
    if (this.open.size < this.limit) return;
    for (const [path, file] of this.open) {
      this.open.delete(path);
      file.close();
      return;
    }
  }

  /** Before a file is removed or renamed. */
  forget(path: string): void {
    this.open.get(path)?.close();
    this.open.delete(path);
    this.newest = undefined;
  }

  closeAll(): void {
    this.newest = undefined;
    for (const file of this.open.values()) file.close();
    this.open.clear();
  }

  get count(): number {
    return this.open.size;
  }
}
