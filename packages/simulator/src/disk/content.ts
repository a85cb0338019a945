import type { Prng } from '../prng';

// Taken out once: looking up a global costs a microsecond where a test runner puts its own in between.
const { floor, min, max, ceil } = Math;
const { alloc, allocUnsafe } = Buffer;

export const PAGE_BYTES = 4096;
export const SECTOR_BYTES = 512;

/** A page is shared between cache and disk, or with a sync on its way, until somebody writes to it. */
interface Page {
  readonly bytes: Buffer;
  shared: boolean;
}

/** What a sync that has begun will make durable. */
export interface SyncInFlight {
  readonly pages: readonly (readonly [index: number, page: Page | undefined])[];
  readonly size: number;
  readonly failuresBefore: number;
  readonly writeBacksBefore: number;
}

/**
 * The bytes of one file twice: as processes see them (page cache) and as they are on the disk. Pages of 4 KiB in a map,
 * shared until written, holes not stored: a file of 1 GiB costs what was written to it.
 */
export class Content {
  size = 0;
  private durableSize = 0;
  private readonly pages = new Map<number, Page>();
  private readonly durable = new Map<number, Page>();
  /** Pages the next sync has to write. */
  private readonly dirty = new Set<number>();
  /** Pages that differ from the disk: the dirty ones, those under way, and those a failed sync has given up. */
  private readonly unsynced = new Set<number>();
  private failures = 0;
  private writeBacks = 0;
  /** When the kernel last wrote a page back on its own account: a sync that began before has an older one. */
  private readonly writtenBack = new Map<number, number>();

  /** Bytes of storage the cache's version takes. */
  get storedBytes(): number {
    return this.pages.size * PAGE_BYTES;
  }

  read(target: Buffer, targetStart: number, length: number, position: number): number {
    const end = min(position + length, this.size);
    for (let at = position; at < end;) {
      const inPage = at % PAGE_BYTES;
      const count = min(PAGE_BYTES - inPage, end - at);
      const to = targetStart + at - position;
      const page = this.pages.get(floor(at / PAGE_BYTES));
      if (page === undefined) target.fill(0, to, to + count);
      else page.bytes.copy(target, to, inPage, inPage + count);
      at += count;
    }
    return max(end - position, 0);
  }

  write(source: Buffer, sourceStart: number, length: number, position: number): void {
    const end = position + length;
    for (let at = position; at < end;) {
      const inPage = at % PAGE_BYTES;
      const count = min(PAGE_BYTES - inPage, end - at);
      const from = sourceStart + at - position;
      source.copy(this.writable(floor(at / PAGE_BYTES)), inPage, from, from + count);
      at += count;
    }
    this.size = max(this.size, end);
  }

  truncate(bytes: number): void {
    if (bytes < this.size) {
      const keep = ceil(bytes / PAGE_BYTES);
      for (const index of this.pages.keys()) if (index >= keep) this.dropPage(index);
      const inPage = bytes % PAGE_BYTES;
      if (inPage > 0 && this.pages.has(keep - 1)) this.writable(keep - 1).fill(0, inPage);
    }
    this.size = bytes;
  }

  /** The kernel writes back some dirty page on its own account, as it may at any time. */
  writeBack(prng: Prng): void {
    for (const index of this.dirty) {
      if (!prng.chance(0.25)) break;
      this.store(index, this.share(index));
      this.dirty.delete(index);
      this.writtenBack.set(index, ++this.writeBacks);
    }
  }

  beginSync(): SyncInFlight {
    const pages = [...this.dirty].map((index) => [index, this.share(index)] as const);
    this.dirty.clear();
    return { pages, size: this.size, failuresBefore: this.failures, writeBacksBefore: this.writeBacks };
  }

  /** @returns false when this sync, or one under way with it, has failed: its pages will never be written */
  completeSync(sync: SyncInFlight, fails: boolean): boolean {
    if (fails) this.failures++;
    if (sync.failuresBefore !== this.failures) return false;
    for (const [index, page] of sync.pages)
      if ((this.writtenBack.get(index) ?? 0) <= sync.writeBacksBefore) this.store(index, page);
    this.durableSize = sync.size;
    return true;
  }

  /** Power loss: of what was not synced a random part is on the disk, sector by sector, and the rest never was. */
  crash(prng: Prng): void {
    // Syncs under way do not complete any more.
    this.failures++;
    const keepRate = lossOf(prng);
    this.size = this.sizeAfterCrash(prng, keepRate);
    for (const index of [...this.unsynced].sort((a, b) => a - b)) this.tear(index, prng, keepRate);
    this.pages.clear();
    for (const [index, page] of this.durable) {
      if (index * PAGE_BYTES >= this.size) this.durable.delete(index);
      else {
        page.shared = true;
        this.pages.set(index, page);
      }
    }
    this.clearBeyondEnd();
    this.durableSize = this.size;
    this.dirty.clear();
    this.unsynced.clear();
  }

  private sizeAfterCrash(prng: Prng, keepRate: number): number {
    const { size, durableSize } = this;
    if (size === durableSize || keepRate === 0) return durableSize;
    if (keepRate === 1) return size;
    const choice = prng.int(3);
    if (choice < 2 || size < durableSize) return choice === 0 ? durableSize : size;
    return durableSize + prng.int(size - durableSize + 1);
  }

  private tear(index: number, prng: Prng, keepRate: number): void {
    const old = this.durable.get(index);
    const fresh = this.pages.get(index);
    const bytes = alloc(PAGE_BYTES);
    old?.bytes.copy(bytes);
    for (let at = 0; at < PAGE_BYTES; at += SECTOR_BYTES) {
      if (keepRate === 0 || (keepRate < 1 && prng.next() >= keepRate)) continue;
      if (fresh === undefined) bytes.fill(0, at, at + SECTOR_BYTES);
      else fresh.bytes.copy(bytes, at, at, at + SECTOR_BYTES);
    }
    this.durable.set(index, { bytes, shared: false });
  }

  /** Bytes after the end of the file read as zeros when it grows again. */
  private clearBeyondEnd(): void {
    const inPage = this.size % PAGE_BYTES;
    const last = floor(this.size / PAGE_BYTES);
    const page = inPage > 0 ? this.durable.get(last) : undefined;
    if (page === undefined) return;
    const bytes = copyOf(page.bytes);
    bytes.fill(0, inPage);
    const cleared = { bytes, shared: true };
    this.durable.set(last, cleared);
    this.pages.set(last, cleared);
  }

  private writable(index: number): Buffer {
    const page = this.pages.get(index);
    this.dirty.add(index);
    this.unsynced.add(index);
    if (page !== undefined && !page.shared) return page.bytes;
    const bytes = page === undefined ? alloc(PAGE_BYTES) : copyOf(page.bytes);
    this.pages.set(index, { bytes, shared: false });
    return bytes;
  }

  private dropPage(index: number): void {
    this.pages.delete(index);
    this.dirty.add(index);
    this.unsynced.add(index);
  }

  private share(index: number): Page | undefined {
    const page = this.pages.get(index);
    if (page !== undefined) page.shared = true;
    return page;
  }

  private store(index: number, page: Page | undefined): void {
    if (page === undefined) this.durable.delete(index);
    else this.durable.set(index, page);
    if (this.pages.get(index) === page) this.unsynced.delete(index);
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = allocUnsafe(PAGE_BYTES);
  bytes.copy(copy);
  return copy;
}

/** How much of the unsynced survives this time: nothing, all, or each piece with a probability. */
export function lossOf(prng: Prng): number {
  const choice = prng.int(4);
  return choice === 0 ? 0 : choice === 1 ? 1 : prng.next();
}
