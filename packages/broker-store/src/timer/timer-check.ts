import type { Files } from '@batonmq/host';
import { readInt64, writeInt64 } from '../format/int64';

const FILE_BYTES = 4096;
const RMQ_BYTES = 56;
const USED_BYTES = 72;

/**
 * How far the timer is. Messages of the timer topic with a queue offset below `handled` have been delivered if their slot
 * is before `readTimeMs`, and are in the wheel otherwise.
 */
export interface TimerProgress {
  /** Time of the next slot to deliver. */
  readonly readTimeMs: number;
  /** Messages below this queue offset are linked in the timer log, as far as it is on the disk. */
  readonly position: number;
  /** Queue offset up to which the node that delivers has gone; position <= handled. */
  readonly handled: number;
  /** End of the commit log when all copies delivered so far were in it; -1 when unknown. */
  readonly logEnd: number;
}

/** A table's version, as RocketMQ counts it. */
export interface CheckVersion {
  readonly stateVersion: number;
  readonly timestamp: number;
  readonly counter: number;
}

/**
 * `config/timercheck`, 4096 bytes, and the body of GET_TIMER_CHECK_POINT (its first 56). @source TimerCheckpoint
 *
 *     0               8                  16              24                32..56           56            64
 *     | read time i64 | timer log's i64  | position i64  | handled    i64  | version 3 i64  | log end i64 | read time i64 |
 *
 * The last two are BatonMQ's: `log end` counts only while the read time behind it is the one at 0, since Java's brokers
 * leave both as they are.
 */
export interface TimerCheck extends TimerProgress {
  /** End of the timer log as far as it is synced. */
  readonly timerLogEnd: number;
  readonly version: CheckVersion;
}

/** The 56 bytes that RocketMQ knows. */
export function encodeCheck(check: TimerCheck): Buffer {
  const bytes = Buffer.alloc(RMQ_BYTES);
  const { version } = check;
  const fields = [check.readTimeMs, check.timerLogEnd, check.position, check.handled];
  [...fields, version.stateVersion, version.timestamp, version.counter].forEach((value, i) =>
    writeInt64(bytes, value, i * 8),
  );
  return bytes;
}

/** @returns undefined when the bytes are too short to be one */
export function decodeCheck(bytes: Buffer): TimerCheck | undefined {
  if (bytes.length < 32) return undefined;
  const field = (at: number): number => (at + 8 <= bytes.length ? readInt64(bytes, at) : 0);
  const readTimeMs = field(0);
  const own = bytes.length >= USED_BYTES && field(64) === readTimeMs && readTimeMs !== 0;
  return {
    readTimeMs,
    timerLogEnd: field(8),
    position: field(16),
    handled: field(24),
    version: { stateVersion: field(32), timestamp: field(40), counter: field(48) },
    logEnd: own ? field(56) : -1,
  };
}

/** The file. */
export class TimerCheckFile {
  constructor(
    private readonly files: Files,
    private readonly path: string,
  ) {}

  /** @returns undefined when there is none: nothing was ever timed here, or somebody removed it */
  load(): TimerCheck | undefined {
    const bytes = this.files.readAll(this.path);
    return bytes === undefined || bytes.length === 0 ? undefined : decodeCheck(bytes);
  }

  /** Synced when it resolves. @throws HostError */
  async save(check: TimerCheck): Promise<void> {
    const bytes = Buffer.alloc(USED_BYTES);
    encodeCheck(check).copy(bytes);
    writeInt64(bytes, check.logEnd, RMQ_BYTES);
    writeInt64(bytes, check.readTimeMs, RMQ_BYTES + 8);
    const isNew = this.files.stat(this.path) === undefined;
    const file = this.files.open(this.path, 'create');
    try {
      if (file.bytes() !== FILE_BYTES) file.truncateSync(FILE_BYTES);
      file.writeSync(bytes, 0, bytes.length, 0);
      await file.datasync();
    } finally {
      file.close();
    }
    if (isNew) this.files.syncDir(this.path.slice(0, this.path.lastIndexOf('/')));
  }
}
