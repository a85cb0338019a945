import { HostError, type OpenFile, type OpenMode } from '@batonmq/host';
import type { EventLoop } from '../loop/event-loop';
import type { SimProcess } from '../process';
import type { FileNode } from './directory';
import type { SimDisk } from './disk';

// Taken out once: looking up a global costs a microsecond where a test runner puts its own in between.
const { max } = Math;

/** What a process needs to use a disk. */
export interface DiskUser {
  readonly loop: EventLoop;
  readonly process: SimProcess;
  readonly disk: SimDisk;
  wallMs(): number;
}

/** A file that a process has opened. It goes on when the file is renamed or removed. */
export class SimOpenFile implements OpenFile {
  private closed = false;

  constructor(
    readonly path: string,
    private readonly node: FileNode,
    private readonly mode: OpenMode,
    private readonly user: DiskUser,
  ) {}

  bytes(): number {
    this.check('stat');
    return this.node.content.size;
  }

  readSync(target: Buffer, targetStart: number, length: number, position: number): number {
    this.check('read');
    checkRange(target, targetStart, length);
    return this.node.content.read(target, targetStart, length, position);
  }

  async read(targets: readonly Buffer[], position: number): Promise<number> {
    if (!this.user.process.alive) return never();
    this.check('read');
    await this.wait(this.user.loop.now() + this.user.disk.delay());
    let done = 0;
    for (const target of targets) done += this.node.content.read(target, 0, target.length, position + done);
    return done;
  }

  writeSync(source: Buffer, sourceStart: number, length: number, position: number): void {
    this.checkWritable('write');
    checkRange(source, sourceStart, length);
    const { disk } = this.user;
    const { content } = this.node;
    if (disk.prng.chance(disk.writeBackRate)) content.writeBack(disk.prng);
    const failure = disk.failingWrite(this.path, length);
    const count = failure === undefined ? length : failure.written;
    if (count > 0) content.write(source, sourceStart, count, position);
    this.node.modifiedMs = this.user.wallMs();
    if (failure !== undefined) throw failure.error;
  }

  truncateSync(bytes: number): void {
    this.checkWritable('truncate');
    const failure = this.user.disk.failingWrite(this.path, 1);
    if (failure !== undefined) throw failure.error;
    this.node.content.truncate(bytes);
    this.node.modifiedMs = this.user.wallMs();
  }

  async datasync(): Promise<void> {
    if (!this.user.process.alive) return never();
    this.check('sync');
    const { loop, disk } = this.user;
    const { node, path } = this;
    const sync = node.content.beginSync();
    node.syncedAtMs = max(node.syncedAtMs, loop.now() + disk.delay());
    let done = false;
    // The kernel's business: it goes on when the process dies.
    loop.at(node.syncedAtMs, undefined, () => (done = node.content.completeSync(sync, disk.syncFails(path))));
    await this.wait(node.syncedAtMs);
    if (!done) throw syncError(path);
  }

  datasyncSync(): void {
    this.check('sync');
    const { content } = this.node;
    const sync = content.beginSync();
    if (!content.completeSync(sync, this.user.disk.syncFails(this.path))) throw syncError(this.path);
  }

  close(): void {
    this.closed = true;
  }

  /** Resolves at a virtual time; never when the process has died by then. */
  private wait(untilMs: number): Promise<void> {
    const { loop, process } = this.user;
    return new Promise((resolve) => loop.at(untilMs, process, resolve));
  }

  private check(what: string): void {
    if (!this.user.process.alive) throw new HostError('FILE_IO', `cannot ${what} ${this.path}: the process is dead`);
    if (this.closed) throw new HostError('FILE_IO', `cannot ${what} ${this.path}: it was closed`);
  }

  private checkWritable(what: string): void {
    this.check(what);
    if (this.mode === 'read') throw new HostError('FILE_IO', `cannot ${what} ${this.path}: it was opened for reading`);
  }
}

/** What a dead process gets from whatever takes time. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}

export function syncError(path: string): HostError {
  return new HostError('FILE_IO', `cannot sync ${path}: i/o error`, { hint: 'simulated' });
}

function checkRange(buffer: Buffer, start: number, length: number): void {
  if (start < 0 || length < 0 || start + length > buffer.length) {
    throw new RangeError(`bytes ${start}..${start + length} of a buffer of ${buffer.length}`);
  }
}
