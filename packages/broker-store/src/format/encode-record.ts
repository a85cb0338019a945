import { PROPERTY_CRC_BYTES, writePropertyCrc } from './property-crc';
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
  /** Before the CRC of the record. */
  private lastSeparator = false;

  /** @param crc makes the last property the CRC of the record (`enabledAppendPropCRC`) */
  constructor(
    private readonly storeHost: Buffer,
    private readonly crc?: (bytes: Buffer) => number,
  ) {}

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
    if (this.crc !== undefined) this.measureCrc();
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

  private measureCrc(): void {
    const { own, ownStart, ownEnd, text } = this;
    const ended =
      this.textBytes > 0
        ? text.charCodeAt(text.length - 1) === PAIR_END
        : own === undefined || ownEnd === ownStart || own[ownEnd - 1] === PAIR_END;
    this.lastSeparator = !ended;
    this.propertiesBytes += PROPERTY_CRC_BYTES + (ended ? 0 : 1);
  }

  /**
   * Writes the measured record. Bodies are what the producer sent; `bodyCrc` is over just those bytes.
   * @param view of the same bytes as `target`: the faster way to write numbers
   */
  write(
    target: Buffer,
    view: DataView,
    at: number,
    envelope: RecordEnvelope,
    flag: number,
    bornHost: Buffer,
    bodyCrc: number,
    queueOffset: number,
    physicalOffset: number,
    storeTimestamp: number,
  ): void {
    view.setInt32(at, this.size);
    view.setInt32(at + 4, this.version === 2 ? MAGIC_V2 : MAGIC_V1);
    view.setInt32(at + 8, bodyCrc);
    view.setInt32(at + 12, envelope.queueId);
    view.setInt32(at + 16, flag);
    setInt64(view, at + 20, queueOffset);
    setInt64(view, at + 28, physicalOffset);
    view.setInt32(at + 36, this.sysFlagOf(envelope.sysFlag, bornHost));
    setInt64(view, at + 40, envelope.bornTimestamp);
    let place = putBytes(target, at + 48, bornHost);
    setInt64(view, place, storeTimestamp);
    place = putBytes(target, place + 8, this.storeHost);
    view.setInt32(place, envelope.reconsumeTimes);
    setInt64(view, place + 4, envelope.preparedTransactionOffset);
    view.setInt32(place + 12, this.bodyEnd - this.bodyStart);
    place += 16;
    place += this.body.copy(target, place, this.bodyStart, this.bodyEnd);
    if (this.version === 1) view.setUint8(place, this.topic.length);
    else view.setUint16(place, this.topic.length);
    place = putBytes(target, place + this.version, this.topic);
    view.setInt16(place, this.propertiesBytes);
    this.writeProperties(target, place + 2);
    if (this.crc === undefined) return;
    const crcAt = at + this.size - PROPERTY_CRC_BYTES;
    if (this.lastSeparator) target[crcAt - 1] = PAIR_END;
    writePropertyCrc(target, crcAt, this.crc(target.subarray(at, crcAt)));
  }

  private writeProperties(target: Buffer, at: number): void {
    let place = at;
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

function setInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / 0x1_0000_0000));
  view.setInt32(at + 4, value);
}

/** Hosts and topics are short: a loop beats the call that copies. @returns the place behind */
function putBytes(target: Buffer, at: number, bytes: Buffer): number {
  const { length } = bytes;
  if (length > 48) return at + bytes.copy(target, at);
  for (let i = 0; i < length; i++) target[at + i] = bytes[i] as number;
  return at + length;
}
