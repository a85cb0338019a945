import { FOUND, RecordHeader } from '../format/record';
import type { RecordCheck } from '../format/record-check';
import type { CommitLog } from '../log/commit-log';
import type { DamagedRange } from './crc-walk';

/**
 * The record at `offset` of the log as another replica has it; undefined when it has none there or does not answer.
 * Whoever asks must choose a replica whose log is this one's below the confirm offset: the master, or one that is in sync.
 */
export type RecordSource = (offset: number) => Promise<Buffer | undefined>;

export interface RangeRepairPorts {
  /** Below it nothing changes any more, on any replica: written, synced and confirmed. */
  readonly settledEnd: () => number;
  /** False: the log is being cut, or the store stops. */
  readonly mayWrite: () => boolean;
  /** Bytes of the log are others than they were. */
  readonly changed: () => void;
}

/**
 * Puts records of another replica in the place of damaged ones. A record goes in only where none is, only if it is whole, says
 * that it lies there and ends within the range: what is good here is never written over, whatever the other one sends.
 */
export class RangeRepair {
  private readonly header = new RecordHeader();
  private syncing: Promise<void> | undefined;

  constructor(
    private readonly log: CommitLog,
    private readonly check: RecordCheck,
    private readonly ports: RangeRepairPorts,
  ) {}

  /**
   * Record by record, until one cannot be had; synced when it resolves.
   * @returns up to where the log is whole now: `range.to` when nothing is missing
   * @throws HostError the disk refuses; the range is reported again by a next walk
   */
  async run(range: DamagedRange, source: RecordSource): Promise<number> {
    const { log } = this;
    const to = Math.min(range.to, log.series.startOf(range.from) + log.fileSize);
    let written = false;
    let at = range.from;
    while (at < to) {
      const here = this.sizeHere(at, to);
      if (here === 0) {
        const record = await source(at);
        if (record === undefined || !this.put(record, at, to)) break;
        at += record.length;
        written = true;
      } else at = here === FOUND.blank ? to : at + here;
    }
    if (!written) return at;
    this.ports.changed();
    if (!this.ports.mayWrite()) return range.from;
    this.syncing = log.series.syncFile(log.series.startOf(range.from));
    await this.syncing;
    return at;
  }

  /** No sync is under way when it resolves. */
  async atRest(): Promise<void> {
    await this.syncing?.catch(() => {});
  }

  /** @returns what is good already: size of a record, FOUND.blank; 0: nothing */
  private sizeHere(at: number, to: number): number {
    const head = this.read(at, Math.min(20, to - at));
    const found = this.header.read(head, 0, head.length);
    if (found === FOUND.blank) return to % this.log.fileSize === 0 ? FOUND.blank : 0;
    if (found !== FOUND.incomplete || this.header.size > to - at) return 0;
    const bytes = this.read(at, this.header.size);
    return Math.max(0, this.check.size(this.header, bytes, 0, bytes.length, at));
  }

  private read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, length));
    return bytes.subarray(0, this.log.readInto(bytes, 0, length, at));
  }

  /** The log may have changed while the other replica was asked: all is looked at again, then written in the same turn. */
  private put(record: Buffer, at: number, to: number): boolean {
    const { header, log, ports } = this;
    const end = at + record.length;
    const size = this.check.size(header, record, 0, record.length, at);
    if (size <= 0 || size !== record.length) return false;
    if (end > to || end > ports.settledEnd() || !ports.mayWrite() || !log.hasFile(at)) return false;
    if (this.sizeHere(at, to) !== 0) return false;
    log.series.write(record, 0, record.length, at);
    return true;
  }
}
