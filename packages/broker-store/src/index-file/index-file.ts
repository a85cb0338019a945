import type { Files, OpenFile } from '@batonmq/host';
import { readInt64, writeInt64 } from '../format/int64';

export const HEADER_BYTES = 40;
const SLOT_BYTES = 4;
const ENTRY_BYTES = 20;
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const ENTRY_WORDS = ENTRY_BYTES / SLOT_BYTES;
/** Entries kept in memory before they are written although the batch goes on. */
const MAX_PENDING = 4096;
const READ_ENTRIES = 8192;
/** Entries a query follows in one file: a bound for keys that everybody uses. */
const MAX_CHAIN = 100_000;

/**
 * Keys of messages to their places: a hash table in a file.
 *
 *     0      8      16     24     32     36     40           40+4H          H slots: number of the newest entry, 0 none
 *     | begin| end  | begin| end  | used | next | slots i32  | entries      entry: hash i32, phy i64, seconds i32, previous i32
 *     | time | time | phy  | phy  | slots| entry|            |              of the slot; number 0 is never used
 *
 * The file that is written to has its slots in memory: they go to the file when it is full and at a clean stop. After a
 * crash they are made anew from the entries. @source IndexFile, IndexHeader
 */
export class IndexFile {
  beginTimestamp = 0;
  endTimestamp = 0;
  beginPhy = 0;
  endPhy = 0;
  private usedSlots = 0;
  /** Number of the next entry. */
  count = 1;
  /** In this machine's order of bytes. */
  private slots: Int32Array | undefined;
  private readonly pending = Buffer.allocUnsafeSlow(MAX_PENDING * ENTRY_BYTES);
  private pendingFrom = 1;
  private headerChanged = false;
  /** Slots are on their way to the disk, and nothing has changed since. */
  private sealing = false;
  private file: OpenFile | undefined;
  private readonly scratch = Buffer.alloc(HEADER_BYTES);

  constructor(
    private readonly files: Files,
    readonly path: string,
    private readonly slotCount: number,
    private readonly maxEntries: number,
  ) {}

  get isFull(): boolean {
    return this.count >= this.maxEntries;
  }

  get bytes(): number {
    return HEADER_BYTES + SLOT_BYTES * this.slotCount + ENTRY_BYTES * this.maxEntries;
  }

  private opened(): OpenFile {
    return (this.file ??= this.files.open(this.path, 'write'));
  }

  /** A new file that follows one with these end values. */
  create(endTimestamp: number, endPhy: number): void {
    this.file = this.files.open(this.path, 'create');
    this.file.truncateSync(this.bytes);
    this.beginTimestamp = this.endTimestamp = endTimestamp;
    this.beginPhy = this.endPhy = endPhy;
    this.slots = new Int32Array(this.slotCount);
    this.headerChanged = true;
    this.writeHeader();
  }

  loadHeader(): void {
    const head = this.scratch;
    this.opened().readSync(head, 0, HEADER_BYTES, 0);
    this.beginTimestamp = readInt64(head, 0);
    this.endTimestamp = readInt64(head, 8);
    this.beginPhy = readInt64(head, 16);
    this.endPhy = readInt64(head, 24);
    this.usedSlots = head.readInt32BE(32);
    this.count = this.pendingFrom = Math.min(Math.max(1, head.readInt32BE(36)), this.maxEntries);
  }

  /** Its header can be true: keys would be looked for at wrong times, or not taken at all. @param latest no record is newer */
  isPlausible(latest: number): boolean {
    const { beginTimestamp, endTimestamp, beginPhy, endPhy } = this;
    return [beginTimestamp, endTimestamp, beginPhy, endPhy].every((each) => each >= 0) && beginTimestamp <= latest;
  }

  /** After a crash the header of the newest file may have been lost: it begins no earlier than its predecessor ends. */
  follow(previous: IndexFile): void {
    if (this.endPhy >= previous.endPhy) return;
    this.beginPhy = this.endPhy = previous.endPhy;
    this.beginTimestamp = this.endTimestamp = previous.endTimestamp;
    this.headerChanged = true;
  }

  /** Makes a loaded file ready for more entries. @param trusted its slots are as a clean stop left them */
  prepare(trusted: boolean): void {
    if (this.slots !== undefined) return;
    const slots = new Int32Array(this.slotCount);
    if (trusted) {
      const bytes = bytesOf(slots);
      this.opened().readSync(bytes, 0, bytes.length, HEADER_BYTES);
      turn(bytes);
    } else {
      this.rebuildSlots(slots);
    }
    this.slots = slots;
  }

  /** Slots from the entries, as far as these are in order; the rest is forgotten. */
  private rebuildSlots(slots: Int32Array): void {
    const words = new Int32Array(READ_ENTRIES * ENTRY_WORDS);
    const bytes = bytesOf(words);
    let lastPhy = this.beginPhy;
    let used = 0;
    for (let number = 1; number < this.count;) {
      const wanted = Math.min(READ_ENTRIES, this.count - number);
      this.opened().readSync(bytes, 0, wanted * ENTRY_BYTES, this.entryPlace(number));
      turn(bytes);
      for (let i = 0; i < wanted; i++, number++) {
        const at = i * ENTRY_WORDS;
        const phy = (words[at + 1] as number) * 2 ** 32 + ((words[at + 2] as number) >>> 0);
        if (phy < lastPhy) {
          this.count = this.pendingFrom = number;
          this.endPhy = lastPhy;
          this.headerChanged = true;
          break;
        }
        lastPhy = phy;
        const slot = this.slotIndex(words[at] as number);
        if (slots[slot] === 0) used++;
        slots[slot] = number;
      }
    }
    this.usedSlots = used;
  }

  /** Of a hash from the file: one that is damaged finds a slot as well. */
  private slotIndex(hash: number): number {
    return (hash & 0x7fff_ffff) % this.slotCount;
  }

  private entryPlace(number: number): number {
    return HEADER_BYTES + SLOT_BYTES * this.slotCount + ENTRY_BYTES * number;
  }

  /** Adds an entry; the caller has looked at `isFull`. */
  put(hash: number, phy: number, storeTimestamp: number): void {
    this.sealing = false;
    const slots = this.slots as Int32Array;
    const slot = hash % this.slotCount;
    const found = slots[slot] as number;
    const previous = found > 0 && found <= this.count ? found : 0;
    if (this.count - this.pendingFrom >= MAX_PENDING) this.writeEntries();
    const at = (this.count - this.pendingFrom) * ENTRY_BYTES;
    this.pending.writeInt32BE(hash, at);
    writeInt64(this.pending, phy, at + 4);
    this.pending.writeInt32BE(this.secondsAfterBegin(storeTimestamp), at + 12);
    this.pending.writeInt32BE(previous, at + 16);
    slots[slot] = this.count;
    if (this.count <= 1) {
      this.beginPhy = phy;
      this.beginTimestamp = storeTimestamp;
    }
    if (previous === 0) this.usedSlots++;
    this.count++;
    this.endPhy = phy;
    this.endTimestamp = storeTimestamp;
    this.headerChanged = true;
  }

  private secondsAfterBegin(storeTimestamp: number): number {
    // The first entry of a follow-up file is given 0: the reference measures it from the previous file's end (B7).
    if (this.beginTimestamp <= 0 || this.count <= 1) return 0;
    const seconds = Math.trunc((storeTimestamp - this.beginTimestamp) / 1000);
    return Math.min(Math.max(0, seconds), 0x7fff_ffff);
  }

  /** Writes the waiting entries: one write for a batch. */
  writeEntries(): void {
    const entries = this.count - this.pendingFrom;
    if (entries === 0) return;
    this.opened().writeSync(this.pending, 0, entries * ENTRY_BYTES, this.entryPlace(this.pendingFrom));
    this.pendingFrom = this.count;
  }

  writeHeader(): void {
    if (!this.headerChanged) return;
    this.writeEntries();
    const head = this.scratch;
    writeInt64(head, this.beginTimestamp, 0);
    writeInt64(head, this.endTimestamp, 8);
    writeInt64(head, this.beginPhy, 16);
    writeInt64(head, this.endPhy, 24);
    head.writeInt32BE(this.usedSlots, 32);
    head.writeInt32BE(this.count, 36);
    this.opened().writeSync(head, 0, HEADER_BYTES, 0);
    this.headerChanged = false;
  }

  /**
   * Writes everything and syncs; the slots leave memory.
   * @returns false when the file has changed meanwhile: what was synced is not what it is now
   */
  async seal(): Promise<boolean> {
    if (this.slots === undefined) return true;
    this.writeEntries();
    this.writeSlots(this.slots);
    this.writeHeader();
    this.sealing = true;
    await this.opened().datasync();
    if (!this.sealing) return false;
    this.slots = undefined;
    return true;
  }

  private writeSlots(slots: Int32Array): void {
    const bytes = turn(bytesOf(slots));
    try {
      this.opened().writeSync(bytes, 0, bytes.length, HEADER_BYTES);
    } finally {
      turn(bytes);
    }
  }

  /** Removes the entries of records at or behind `phy`. */
  cutAbove(phy: number): void {
    if (this.endPhy < phy || this.count <= 1) return;
    this.sealing = false;
    this.writeEntries();
    const slots = this.slots as Int32Array;
    const entry = Buffer.alloc(ENTRY_BYTES);
    while (this.count > 1) {
      this.opened().readSync(entry, 0, ENTRY_BYTES, this.entryPlace(this.count - 1));
      const entryPhy = readInt64(entry, 4);
      if (entryPhy < phy) {
        this.endPhy = entryPhy;
        break;
      }
      const previous = entry.readInt32BE(16);
      slots[this.slotIndex(entry.readInt32BE(0))] = previous;
      if (previous === 0) this.usedSlots--;
      this.count--;
    }
    if (this.count <= 1) this.endPhy = Math.min(this.beginPhy, phy);
    this.pendingFrom = this.count;
    this.headerChanged = true;
  }

  /**
   * Newest first, the places of entries with this hash and a time in [begin, end], seconds being all that is known of it.
   * @param visit false: enough
   */
  query(hash: number, begin: number, end: number, visit: (phy: number) => boolean): boolean {
    const entry = Buffer.alloc(ENTRY_BYTES);
    let number = this.slotOf(hash);
    for (let steps = 0; number > 0 && number < this.count && steps < MAX_CHAIN; steps++) {
      const { source, at } = this.entry(number, entry);
      const time = this.beginTimestamp + source.readInt32BE(at + 12) * 1000;
      if (time + 1000 < begin) break;
      if (source.readInt32BE(at) === hash && time <= end && !visit(readInt64(source, at + 4))) return false;
      const previous = source.readInt32BE(at + 16);
      if (previous >= number) break;
      number = previous;
    }
    return true;
  }

  private slotOf(hash: number): number {
    const index = hash % this.slotCount;
    if (this.slots !== undefined) return this.slots[index] as number;
    const slot = Buffer.alloc(SLOT_BYTES);
    this.opened().readSync(slot, 0, SLOT_BYTES, HEADER_BYTES + index * SLOT_BYTES);
    return slot.readInt32BE(0);
  }

  private entry(number: number, scratch: Buffer): { source: Buffer; at: number } {
    if (number >= this.pendingFrom) return { source: this.pending, at: (number - this.pendingFrom) * ENTRY_BYTES };
    this.opened().readSync(scratch, 0, ENTRY_BYTES, this.entryPlace(number));
    return { source: scratch, at: 0 };
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }
}

/** The same memory. */
function bytesOf(words: Int32Array): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}

/** From this machine's order of bytes to the file's, which has the highest one first, and back. */
function turn(words: Buffer): Buffer {
  return LITTLE_ENDIAN ? words.swap32() : words;
}
