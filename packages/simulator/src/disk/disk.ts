import { HostError, type FileLock } from '@batonmq/host';
import type { Prng } from '../prng';
import type { Mortal, SimProcess } from '../process';
import { DirectoryNode, Tree, type FileNode } from './directory';

export interface DiskSpeed {
  /** Time of a datasync and of a cold read, uniform between these two. */
  minMs: number;
  maxMs: number;
}

type PathFilter = (path: string) => boolean;
/** What a failing write leaves whole or not at all. */
const WORD_BYTES = 8;
const ALL_PATHS: PathFilter = () => true;

/** The disk of a machine. It outlives processes; `failWrites`, `failSyncs` and `slow` hold until `heal`. */
export class SimDisk {
  readonly tree = new Tree();
  readonly locks = new Map<FileNode, SimProcess>();
  speed: DiskSpeed = { minMs: 0.05, maxMs: 0.5 };
  capacityBytes = 2 ** 40;
  /** Probability that a write makes the kernel write back dirty pages on its own account. */
  writeBackRate = 1 / 64;
  private writeFault: { code: 'DISK_FULL' | 'FILE_IO'; concerns: PathFilter } | undefined;
  private syncFault: PathFilter | undefined;
  private slowMs = 0;

  constructor(readonly prng: Prng) {}

  /** Writes fail from now on, after a random first part of their bytes. @param concerns which files; default: all */
  failWrites(code: 'DISK_FULL' | 'FILE_IO', concerns: PathFilter = ALL_PATHS): void {
    this.writeFault = { code, concerns };
  }

  /** Syncs fail from now on; what they covered is lost even when a later one succeeds. */
  failSyncs(concerns: PathFilter = ALL_PATHS): void {
    this.syncFault = concerns;
  }

  /** Syncs and asynchronous reads take this much longer. */
  slow(ms: number): void {
    this.slowMs = ms;
  }

  heal(): void {
    this.writeFault = undefined;
    this.syncFault = undefined;
    this.slowMs = 0;
  }

  /** Bytes that files take. */
  usedBytes(): number {
    return sizeOf(this.tree.root);
  }

  /** Time of the next operation, drawn. */
  delay(): number {
    return this.slowMs + this.prng.between(this.speed.minMs, this.speed.maxMs);
  }

  /** @returns bytes of the write that reach the cache before it fails; undefined when it does not fail */
  failingWrite(path: string, length: number): { error: HostError; written: number } | undefined {
    const fault = this.writeFault;
    if (fault === undefined || !fault.concerns(path)) return undefined;
    const text = fault.code === 'DISK_FULL' ? 'no space left' : 'i/o error';
    const error = new HostError(fault.code, `cannot write ${path}: ${text}`, { hint: 'simulated' });
    const written = this.prng.int(length);
    return { error, written: written - (written % WORD_BYTES) };
  }

  syncFails(path: string): boolean {
    return this.syncFault?.(path) === true;
  }

  /** The lock of a file for a process, until it is released or the process dies. @returns undefined when it is taken */
  lock(node: FileNode, process: SimProcess): FileLock | undefined {
    if (this.locks.has(node)) return undefined;
    this.locks.set(node, process);
    const release = (): void => {
      if (this.locks.get(node) === process) this.locks.delete(node);
      process.belongings.delete(belonging);
    };
    const belonging: Mortal = { processDied: release };
    process.belongings.add(belonging);
    return { release: async () => release() };
  }

  crash(): void {
    this.locks.clear();
    this.tree.crash(this.prng);
  }
}

function sizeOf(directory: DirectoryNode): number {
  let bytes = 0;
  for (const node of directory.entries.values()) {
    bytes += node instanceof DirectoryNode ? sizeOf(node) : node.content.storedBytes;
  }
  return bytes;
}
