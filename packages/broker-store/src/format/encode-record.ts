import { writeInt64 } from './int64';
import { MAGIC_V1, MAGIC_V2, SYS_FLAG } from './record';

const PAIR_END = 2;

/** What all records of one put have in common. */
export interface RecordEnvelope {
  readonly queueId: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
}

/**
 * Encodes records straight into the log's buffer. `measure` first, then `write` into that many bytes. One object is
 * reused for all messages; it keeps nothing after `write`.
 * @source MessageExtEncoder
 */
export class RecordEncoder {
  /** Size of the measured record. */
  size = 0;
  /** Bytes of its properties. */
  propertiesBytes = 0;
  private version: 1 | 2 = 1;
  private topic: Buffer = Buffer.alloc(0);
  private body: Buffer = Buffer.alloc(0);
  private bodyStart = 0;
  private bodyEnd = 0;
  private own: Buffer | undefined;
  private ownStart = 0;
  private ownEnd = 0;
  private text = '';
  private textBytes = 0;
  private separator = false;

  constructor(private readonly storeHost: Buffer) {}

  /**
   * @param topic its UTF-8 bytes; V2 is used when it has more than 127 characters
   * @param own properties as bytes (client batches), from `ownStart` to `ownEnd`; `text` follows, behind a separator if needed
   */
  measure(
    topic: Buffer,
    longTopic: boolean,
    bornHost: Buffer,
    body: Buffer,
    bodyStart: number,
    bodyEnd: number,
    text: string,
    own?: Buffer,
    ownStart = 0,
    ownEnd = 0,
  ): number {
    this.version = longTopic ? 2 : 1;
    this.topic = topic;
    this.body = body;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
    this.own = own;
    this.ownStart = ownStart;
    this.ownEnd = ownEnd;
    this.text = text;
    this.textBytes = Buffer.byteLength(text, 'utf8');
    this.separator = own !== undefined && ownEnd > ownStart && this.textBytes > 0 && own[ownEnd - 1] !== PAIR_END;
    this.propertiesBytes = ownEnd - ownStart + (this.separator ? 1 : 0) + this.textBytes;
    this.size =
      74 +
      bornHost.length +
      this.storeHost.length +
      (bodyEnd - bodyStart) +
      this.version +
      topic.length +
      this.propertiesBytes;
    return this.size;
  }

  /** Writes the measured record. Bodies are what the producer sent; `bodyCrc` is over just those bytes. */
  write(
    target: Buffer,
    at: number,
    envelope: RecordEnvelope,
    flag: number,
    bornHost: Buffer,
    bodyCrc: number,
    queueOffset: number,
    physicalOffset: number,
    storeTimestamp: number,
  ): void {
    target.writeInt32BE(this.size, at);
    target.writeInt32BE(this.version === 2 ? MAGIC_V2 : MAGIC_V1, at + 4);
    target.writeInt32BE(bodyCrc, at + 8);
    target.writeInt32BE(envelope.queueId, at + 12);
    target.writeInt32BE(flag | 0, at + 16);
    writeInt64(target, queueOffset, at + 20);
    writeInt64(target, physicalOffset, at + 28);
    target.writeInt32BE(this.sysFlagOf(envelope.sysFlag, bornHost), at + 36);
    writeInt64(target, envelope.bornTimestamp, at + 40);
    let place = at + 48;
    place += bornHost.copy(target, place);
    writeInt64(target, storeTimestamp, place);
    place += 8;
    place += this.storeHost.copy(target, place);
    target.writeInt32BE(envelope.reconsumeTimes, place);
    writeInt64(target, envelope.preparedTransactionOffset, place + 4);
    target.writeInt32BE(this.bodyEnd - this.bodyStart, place + 12);
    place += 16;
    place += this.body.copy(target, place, this.bodyStart, this.bodyEnd);
    if (this.version === 1) target.writeUInt8(this.topic.length, place);
    else target.writeUInt16BE(this.topic.length, place);
    place += this.version;
    place += this.topic.copy(target, place);
    this.writeProperties(target, place);
  }

  private writeProperties(target: Buffer, at: number): void {
    target.writeInt16BE(this.propertiesBytes, at);
    let place = at + 2;
    if (this.own !== undefined) place += this.own.copy(target, place, this.ownStart, this.ownEnd);
    if (this.separator) target[place++] = PAIR_END;
    if (this.textBytes > 0) {
      target.write(this.text, place, this.textBytes, this.textBytes === this.text.length ? 'latin1' : 'utf8');
    }
    this.own = undefined;
  }

  /** The IPv6 bits say what was written, whatever the caller set. */
  private sysFlagOf(sysFlag: number, bornHost: Buffer): number {
    const plain = sysFlag & ~(SYS_FLAG.bornHostV6 | SYS_FLAG.storeHostV6);
    return (
      plain | (bornHost.length > 8 ? SYS_FLAG.bornHostV6 : 0) | (this.storeHost.length > 8 ? SYS_FLAG.storeHostV6 : 0)
    );
  }
}

/** Address bytes and i32 port, as a record holds them. */
export function hostBytes(ip: Buffer, port: number): Buffer {
  const bytes = Buffer.alloc(ip.length + 4);
  ip.copy(bytes);
  bytes.writeInt32BE(port | 0, ip.length);
  return bytes;
}
