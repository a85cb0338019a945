import { readInt64 } from './int64';

export const MAGIC_V1 = -626843481;
export const MAGIC_V2 = -626843477;
export const MAGIC_BLANK = -875286124;
/** A blank record: i32 bytes left in the file, i32 magic. A record needs this much room behind it. */
export const BLANK_BYTES = 8;

/** Bits of sysFlag. @source MessageSysFlag */
export const SYS_FLAG = {
  transactionMask: 0xc,
  transactionPrepared: 0x4,
  transactionCommit: 0x8,
  transactionRollback: 0xc,
  bornHostV6: 0x10,
  storeHostV6: 0x20,
  innerBatch: 0x80,
} as const;

/** Prepared and rolled-back records take no queue offset and no queue unit. */
export function takesQueueOffset(sysFlag: number): boolean {
  const type = sysFlag & SYS_FLAG.transactionMask;
  return type === 0 || type === SYS_FLAG.transactionCommit;
}

/** What `Record.read` found. Positive numbers are the size of a good record. */
export const FOUND = { incomplete: 0, blank: -1, bad: -2 } as const;

/**
 * The fields of one record that dispatch and recovery need, read from log bytes without copying. One object is reused
 * for all records of a pass; places are positions in the buffer given to `read`.
 *
 *     0      4      8    12      16    20           28         36       40      48        48+B      +8    ...
 *     | size | magic| crc| queue | flag| queueOffset| physical | sysFlag| born  | bornHost| store   | storeHost
 *     then reconsumeTimes i32, preparedTransactionOffset i64, body i32+n, topic i8|i16+t, properties i16+p;
 *     B and storeHost: 8 bytes, 20 with the IPv6 bit
 *
 * @source MessageDecoder, CommitLog.checkMessageAndReturnSize
 */
export class RecordHeader {
  size = 0;
  version: 1 | 2 = 1;
  bodyCrc = 0;
  queueId = 0;
  queueOffset = 0;
  physicalOffset = 0;
  sysFlag = 0;
  storeTimestamp = 0;
  bodyStart = 0;
  bodyEnd = 0;
  topicStart = 0;
  topicEnd = 0;
  propertiesStart = 0;
  propertiesEnd = 0;

  /**
   * Reads the frame at `at`. Content is not judged: only lengths, magic and their sum (`poison-property`).
   * @param available bytes of the log from `at` on (in its file, up to the log's end)
   * @returns the record's size, or one of FOUND. `incomplete`: the record may be good but ends beyond `available`
   */
  read(buffer: Buffer, at: number, available: number): number {
    if (available < BLANK_BYTES) return FOUND.incomplete;
    const magic = buffer.readInt32BE(at + 4);
    if (magic === MAGIC_BLANK) return FOUND.blank;
    if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return FOUND.bad;
    const size = buffer.readInt32BE(at);
    if (size < 91) return FOUND.bad;
    this.size = size;
    this.version = magic === MAGIC_V2 ? 2 : 1;
    if (size > available) return FOUND.incomplete;
    const end = at + size;
    this.sysFlag = buffer.readInt32BE(at + 36);
    const bornEnd = at + ((this.sysFlag & SYS_FLAG.bornHostV6) === 0 ? 56 : 68);
    const storeEnd = bornEnd + ((this.sysFlag & SYS_FLAG.storeHostV6) === 0 ? 16 : 28);
    this.bodyStart = storeEnd + 16;
    if (this.bodyStart > end) return FOUND.bad;
    const bodyLength = buffer.readInt32BE(storeEnd + 12);
    if (bodyLength < 0) return FOUND.bad;
    this.bodyEnd = this.bodyStart + bodyLength;
    this.topicStart = this.bodyEnd + this.version;
    if (this.topicStart > end) return FOUND.bad;
    // Java reads both lengths as signed and fails above 127 and 32767; unsigned accepts what such a writer meant (B15).
    this.topicEnd =
      this.topicStart + (this.version === 1 ? buffer.readUInt8(this.bodyEnd) : buffer.readUInt16BE(this.bodyEnd));
    this.propertiesStart = this.topicEnd + 2;
    if (this.propertiesStart > end) return FOUND.bad;
    this.propertiesEnd = this.propertiesStart + buffer.readUInt16BE(this.topicEnd);
    if (this.propertiesEnd !== end) return FOUND.bad;
    this.bodyCrc = buffer.readInt32BE(at + 8);
    this.queueId = buffer.readInt32BE(at + 12);
    this.queueOffset = readInt64(buffer, at + 20);
    this.physicalOffset = readInt64(buffer, at + 28);
    this.storeTimestamp = readInt64(buffer, bornEnd);
    return size;
  }
}

/** Place of storeTimestamp in a record, from its sysFlag. */
export function storeTimestampPlace(sysFlag: number): number {
  return (sysFlag & SYS_FLAG.bornHostV6) === 0 ? 56 : 68;
}
