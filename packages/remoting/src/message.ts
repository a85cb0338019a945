/** Stored messages as clients receive them (remoting.md 13). */

export interface ReceivedMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly physicalOffset: number;
  readonly flag: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly storeTimestamp: number;
  /** `ip:port` */
  readonly bornHost: string;
  readonly preparedTransactionOffset: number;
  readonly reconsumeTimes: number;
  /** A slice of the answer. Still compressed when bit 0 of sysFlag is set. */
  readonly body: Buffer;
  readonly properties: ReadonlyMap<string, string>;
}

const MAGIC_V1 = 0xdaa320a7;
const MAGIC_V2 = 0xdaa320ab;

/** Reads the records of a pull answer; stops before one that is cut, damaged, or has
 * another magic, as Java's clients do. */
export function decodeMessages(bytes: Buffer): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  for (let at = 0; bytes.length - at >= 91;) {
    const size = bytes.readInt32BE(at);
    const magic = bytes.readUInt32BE(at + 4);
    if (size < 91 || size > bytes.length - at || (magic !== MAGIC_V1 && magic !== MAGIC_V2)) break;
    const message = decodeMessage(bytes.subarray(at, at + size), magic === MAGIC_V2);
    if (message === undefined) break;
    messages.push(message);
    at += size;
  }
  return messages;
}

/** @returns undefined when a length in the record leads out of it */
function decodeMessage(record: Buffer, isV2: boolean): ReceivedMessage | undefined {
  const sysFlag = record.readInt32BE(36);
  const bornHostBytes = (sysFlag & 0x10) === 0 ? 8 : 20;
  const storeHostBytes = (sysFlag & 0x20) === 0 ? 8 : 20;
  const storeTimeAt = 48 + bornHostBytes;
  const reconsumeAt = storeTimeAt + 8 + storeHostBytes;
  const bodyAt = reconsumeAt + 16;
  if (bodyAt > record.length) return undefined;
  const bodyEnd = bodyAt + record.readInt32BE(reconsumeAt + 12);
  const topicAt = bodyEnd + (isV2 ? 2 : 1);
  if (bodyEnd < bodyAt || topicAt > record.length) return undefined;
  const topicEnd = topicAt + (isV2 ? record.readInt16BE(bodyEnd) : record.readUInt8(bodyEnd));
  if (topicEnd < topicAt || topicEnd + 2 > record.length) return undefined;
  // Negative means none, as in Java.
  const propertiesEnd = topicEnd + 2 + Math.max(0, record.readInt16BE(topicEnd));
  if (propertiesEnd > record.length) return undefined;
  return {
    queueId: record.readInt32BE(12),
    flag: record.readInt32BE(16),
    queueOffset: int64At(record, 20),
    physicalOffset: int64At(record, 28),
    sysFlag,
    bornTimestamp: int64At(record, 40),
    storeTimestamp: int64At(record, storeTimeAt),
    bornHost: hostText(record, 48, bornHostBytes - 4),
    reconsumeTimes: record.readInt32BE(reconsumeAt),
    preparedTransactionOffset: int64At(record, reconsumeAt + 4),
    body: record.subarray(bodyAt, bodyEnd),
    topic: record.toString('utf8', topicAt, topicEnd),
    properties: parseProperties(record.toString('utf8', topicEnd + 2, propertiesEnd)),
  };
}

function hostText(bytes: Buffer, at: number, addressBytes: number): string {
  const port = bytes.readInt32BE(at + addressBytes);
  if (addressBytes === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}:${port}`;
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index).toString(16));
  return `${groups.join(':')}:${port}`;
}

const int64At = (bytes: Buffer, at: number): number => bytes.readInt32BE(at) * 0x100000000 + bytes.readUInt32BE(at + 4);

/** `name \x01 value \x02` repeated, the last \x02 may be missing. Empty names and values vanish, the last of a name wins. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const pair of text.split('\u0002')) {
    const split = pair.indexOf('\u0001');
    if (split > 0 && split < pair.length - 1) properties.set(pair.slice(0, split), pair.slice(split + 1));
  }
  return properties;
}

export function formatProperties(properties: Iterable<readonly [string, string]>): string {
  let text = '';
  for (const [name, value] of properties) text += `${name}\u0001${value}\u0002`;
  return text;
}
