import { codeOf, nodeChecksums, textOf, type Checksums } from '@batonmq/host';
import { Level } from 'level';
import type { Entry, HardState, LogPoint, Recovered, Snapshot, WriteBatch } from '../core/types';
import { RaftError } from '../errors';
import { corrupt } from './corrupt';
import { RunFormat } from './entry-run';
import { FORMAT_VERSION, Key, LevelFormat, SNAPSHOT_PIECE_BYTES, type SnapshotRecord } from './level-format';
import type { RaftStorage } from './storage';

const BINARY = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
/** LevelDB's write buffer: much of a log is dropped again before it ever becomes a table. */
const WRITE_BUFFER_BYTES = 16 << 20;
const READ_AT_ONCE = 1000;
const READ_AT_ONCE_BYTES = 1 << 20;

/**
 * The log in a LevelDB directory of its own. Every write is one chained batch with sync: atomic, and on the disk when it
 * resolves. LevelDB drops a torn last batch by itself; whatever else does not add up (a gap, a checksum, a missing
 * piece) refuses to open, because acknowledged entries may be what is missing.
 */
export class LevelStorage implements RaftStorage {
  private readonly format: LevelFormat;
  private readonly runs: RunFormat;
  private db: Level<Buffer, Buffer> | undefined;
  private base: LogPoint = { index: 0, term: 0 };
  private lastIndex = 0;
  /** The first index of every run, ascending; together they hold everything up to lastIndex without a gap. */
  private firsts: number[] = [];
  private snapshot: SnapshotRecord | undefined;

  /** @param directory one node's alone; made when missing, unless it must exist */
  constructor(
    private readonly directory: string,
    private readonly options: { readonly checksums?: Checksums; readonly mustExist?: boolean } = {},
  ) {
    const checksums = options.checksums ?? nodeChecksums;
    this.format = new LevelFormat(checksums);
    this.runs = new RunFormat(checksums);
  }

  async open(): Promise<Recovered> {
    const db = new Level<Buffer, Buffer>(this.directory, {
      ...BINARY,
      compression: false,
      writeBufferSize: WRITE_BUFFER_BYTES,
      createIfMissing: this.options.mustExist !== true,
    });
    try {
      await db.open();
    } catch (error) {
      throw this.openError(error);
    }
    this.db = db;
    try {
      return await this.recover(db);
    } catch (error) {
      await this.close();
      throw codeOf(error) === 'LEVEL_CORRUPTION' ? corrupt(textOf(error), error) : error;
    }
  }

  private openError(error: unknown): RaftError {
    const { cause } = error as { cause?: unknown };
    const reason = cause === undefined ? textOf(error) : textOf(cause);
    if (codeOf(cause) === 'LEVEL_LOCKED') {
      return new RaftError('LOCKED', `${this.directory} is in use by another process`, { cause: error });
    }
    if (codeOf(cause) === 'LEVEL_CORRUPTION') return corrupt(reason, error);
    return new RaftError('STORAGE', `cannot open ${this.directory}: ${reason}`, { cause: error });
  }

  private async recover(db: Level<Buffer, Buffer>): Promise<Recovered> {
    const version = await db.get(Key.version);
    if (version === undefined) await db.put(Key.version, Buffer.from([FORMAT_VERSION]), { sync: true });
    else if (version[0] !== FORMAT_VERSION) {
      throw new RaftError('STORAGE', `${this.directory} has format ${version[0]}, this is for ${FORMAT_VERSION}`, {
        hint: 'open it with the version that wrote it, save a snapshot there, and restore that into an empty directory',
      });
    }
    const hardState = await this.readHardState(db);
    const baseValue = await db.get(Key.base);
    this.base = baseValue === undefined ? { index: 0, term: 0 } : this.format.decodeBase(baseValue);
    const entries = await this.readEntries(db);
    const snapshot = await this.readSnapshot(db);
    this.lastIndex = this.base.index + entries.length;
    if ((snapshot?.index ?? 0) < this.base.index || this.lastIndex < (snapshot?.index ?? 0)) {
      throw corrupt(`log (${this.base.index}, ${this.lastIndex}], snapshot at ${snapshot?.index ?? 'none'}`);
    }
    const lastTerm = entries[entries.length - 1]?.term ?? this.base.term;
    if (hardState.term < lastTerm) throw corrupt(`term ${hardState.term}, but the log ends in term ${lastTerm}`);
    return { hardState, base: this.base, entries, snapshot };
  }

  private async readHardState(db: Level<Buffer, Buffer>): Promise<HardState> {
    const value = await db.get(Key.hardState);
    return value === undefined ? { term: 0, votedFor: undefined } : this.format.decodeHardState(value);
  }

  private async readEntries(db: Level<Buffer, Buffer>): Promise<Entry[]> {
    const found: Entry[] = [];
    this.firsts = [];
    const range = { gte: Key.run(0), lt: Key.run(Number.MAX_SAFE_INTEGER) };
    const iterator = db.iterator({ ...range, highWaterMarkBytes: READ_AT_ONCE_BYTES });
    try {
      for (;;) {
        const rows = await iterator.nextv(READ_AT_ONCE);
        if (rows.length === 0) break;
        for (const [key, value] of rows) {
          const first = Key.firstOf(key);
          this.firsts.push(first);
          this.runs.decode(first, value, found);
        }
      }
    } finally {
      await iterator.close();
    }
    return this.above(found);
  }

  /** The first run may begin below the log. @throws RaftError CORRUPT when entries do not follow each other */
  private above(found: Entry[]): Entry[] {
    const from = found.findIndex(({ index }) => index > this.base.index);
    const entries = from <= 0 ? (from === 0 ? found : []) : found.slice(from);
    let previous = this.base;
    for (const entry of entries) {
      if (entry.index !== previous.index + 1) throw corrupt(`log entry ${entry.index} follows ${previous.index}`);
      if (entry.term < previous.term) throw corrupt(`term ${entry.term} follows ${previous.term} at ${entry.index}`);
      previous = entry;
    }
    return entries;
  }

  private async readSnapshot(db: Level<Buffer, Buffer>): Promise<Snapshot | undefined> {
    const value = await db.get(Key.snapshot);
    if (value === undefined) return undefined;
    const record = this.format.decodeSnapshot(value);
    const keys = Array.from({ length: record.pieces }, (_, n) => Key.chunk(record.index, n));
    const pieces = await db.getMany(keys);
    if (pieces.some((piece) => piece === undefined)) throw corrupt(`snapshot ${record.index} lacks a piece`);
    const data = Buffer.concat(pieces as Buffer[]);
    if (data.length !== record.bytes || this.format.crc32(data) !== record.crc) {
      throw corrupt(`snapshot ${record.index} does not fit its checksum`);
    }
    this.snapshot = record;
    const { index, term, configuration } = record;
    return { index, term, data, ...(configuration === undefined ? {} : { configuration }) };
  }

  async write(batch: WriteBatch): Promise<void> {
    const { db } = this;
    if (db === undefined) throw new RaftError('STORAGE', `${this.directory} is not open`);
    const chain = db.batch();
    if (batch.hardState !== undefined) chain.put(Key.hardState, this.format.encodeHardState(batch.hardState));
    const lastIndex = await this.putEntries(db, chain, batch);
    const snapshot = batch.snapshot === undefined ? this.snapshot : this.putSnapshot(chain, batch.snapshot);
    const base = this.dropPrefix(chain, batch, lastIndex);
    try {
      await chain.write({ sync: true });
    } catch (error) {
      throw new RaftError('STORAGE', `cannot write to ${this.directory}: ${textOf(error)}`, { cause: error });
    }
    this.base = base;
    this.lastIndex = Math.max(lastIndex, base.index);
    this.snapshot = snapshot;
  }

  /** Suffix truncation rides in the same batch, so that no crash leaves a mixed log. @returns the new last index */
  private async putEntries(db: Level<Buffer, Buffer>, chain: Chain, batch: WriteBatch): Promise<number> {
    const { firsts } = this;
    const { entries, truncateAfter = this.lastIndex, base } = batch;
    if (truncateAfter < this.lastIndex) {
      while (firsts.length > 0 && (firsts[firsts.length - 1] as number) > truncateAfter) {
        chain.del(Key.run(firsts.pop() as number));
      }
      const first = firsts[firsts.length - 1];
      const stays = first !== undefined && truncateAfter > (base?.index ?? 0);
      if (stays) await this.cutRun(db, chain, first, truncateAfter);
    }
    for (const { first, value } of this.runs.encode(entries)) {
      chain.put(Key.run(first), value);
      firsts.push(first);
    }
    return entries[entries.length - 1]?.index ?? Math.min(truncateAfter, this.lastIndex);
  }

  private async cutRun(db: Level<Buffer, Buffer>, chain: Chain, first: number, last: number): Promise<void> {
    const value = await db.get(Key.run(first));
    if (value === undefined) throw corrupt(`log entry ${first} is gone`);
    chain.put(Key.run(first), this.runs.cut({ first, value }, last));
  }

  private putSnapshot(chain: Chain, { index, term, data, configuration }: Snapshot): SnapshotRecord {
    for (let n = 0; n < (this.snapshot?.pieces ?? 0); n++) chain.del(Key.chunk(this.snapshot?.index ?? 0, n));
    const pieces = Math.ceil(data.length / SNAPSHOT_PIECE_BYTES);
    for (let n = 0; n < pieces; n++) {
      chain.put(Key.chunk(index, n), data.subarray(n * SNAPSHOT_PIECE_BYTES, (n + 1) * SNAPSHOT_PIECE_BYTES));
    }
    const record: SnapshotRecord = {
      index,
      term,
      bytes: data.length,
      pieces,
      crc: this.format.crc32(data),
      configuration,
    };
    chain.put(Key.snapshot, this.format.encodeSnapshot(record));
    return record;
  }

  /** Drops the runs that lie below the new beginning; the one across it stays. */
  private dropPrefix(chain: Chain, { base }: WriteBatch, lastIndex: number): LogPoint {
    const { firsts } = this;
    if (base === undefined || base.index < this.base.index) return this.base;
    let dropped = 0;
    for (; dropped < firsts.length; dropped++) {
      const end = (firsts[dropped + 1] ?? lastIndex + 1) - 1;
      if (end > base.index) break;
      chain.del(Key.run(firsts[dropped] as number));
    }
    firsts.splice(0, dropped);
    chain.put(Key.base, this.format.encodeBase(base));
    return base;
  }

  async close(): Promise<void> {
    const { db } = this;
    this.db = undefined;
    await db?.close();
  }
}

type Chain = ReturnType<Level<Buffer, Buffer>['batch']>;
