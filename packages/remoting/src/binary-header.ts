import type { ExtFields, RemotingCommand } from './command';
import { RemotingError } from './errors';
import { LANGUAGES } from './language-code';

const malformed = (what: string): RemotingError => new RemotingError('HEADER_MALFORMED', `binary header: ${what}`);

/** Pop requests have codes that do not fit 16 bits; Java cuts them. 3442..3448 and 3543 are free, so they can be told. */
const CUT_CODES = new Map<number, number>(
  [200050, 200051, 200052, 200053, 200054, 200055, 200056, 200151].map((code) => [(code << 16) >> 16, code]),
);

const MAX_KEY_BYTES = 0x7fff;

/**
 *     0     2         3        5       9     13            17        17+r       21+r
 *     | code | language | version | opaque | flag | r  i32 | remark r | m  i32 | map m: { i16 key, i32 value }*
 *
 * @throws RemotingError HEADER_MALFORMED
 * @source RocketMQSerializable
 */
export function readBinaryHeader(bytes: Buffer, body: Buffer | undefined): RemotingCommand {
  if (bytes.length < 21) throw malformed(`${bytes.length} B, at least 21 expected`);
  const code = bytes.readInt16BE(0);
  const remarkBytes = bytes.readInt32BE(13);
  if (remarkBytes < 0 || remarkBytes > bytes.length - 21) throw malformed(`remark of ${remarkBytes} B`);
  const mapAt = 17 + remarkBytes;
  const mapBytes = bytes.readInt32BE(mapAt);
  if (mapBytes < 0 || mapBytes > bytes.length - mapAt - 4) throw malformed(`map of ${mapBytes} B`);
  return {
    code: CUT_CODES.get(code) ?? code,
    language: LANGUAGES[bytes.readUInt8(2)] ?? 'OTHER',
    version: bytes.readInt16BE(3),
    opaque: bytes.readInt32BE(5),
    flag: bytes.readInt32BE(9),
    remark: remarkBytes === 0 ? undefined : bytes.toString('utf8', 17, mapAt),
    extFields: readMap(bytes, mapAt + 4, mapAt + 4 + mapBytes),
    body,
    serializeType: 'ROCKETMQ',
  };
}

function readMap(bytes: Buffer, start: number, end: number): ExtFields {
  const fields: ExtFields = {};
  let at = start;
  while (at < end) {
    if (end - at < 2) throw malformed('entry cut short');
    const keyBytes = bytes.readInt16BE(at);
    const valueAt = at + 2 + keyBytes;
    if (keyBytes < 0 || end - valueAt < 4) throw malformed(`key of ${keyBytes} B`);
    const valueBytes = bytes.readInt32BE(valueAt);
    if (valueBytes < 0 || end - valueAt - 4 < valueBytes) throw malformed(`value of ${valueBytes} B`);
    const name = bytes.toString('utf8', at + 2, valueAt);
    fields[name] = valueBytes === 0 ? undefined : bytes.toString('utf8', valueAt + 4, valueAt + 4 + valueBytes);
    at = valueAt + 4 + valueBytes;
  }
  return fields;
}

/** @throws RemotingError HEADER_MALFORMED for a name of more than 32767 B */
export function binaryHeader(
  code: number,
  opaque: number,
  flag: number,
  version: number,
  language: string,
  remark: string | undefined,
  fields: ExtFields | undefined,
): Buffer {
  const remarkBytes = Buffer.byteLength(remark ?? '');
  const entries = Object.entries(fields ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const mapBytes = entries.reduce(
    (sum, [name, value]) => sum + 6 + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  const bytes = Buffer.allocUnsafe(21 + remarkBytes + mapBytes);
  const language8 = Math.max(0, (LANGUAGES as readonly string[]).indexOf(language));
  let at = bytes.writeInt16BE((code << 16) >> 16, 0);
  at = bytes.writeUInt8(language8, at);
  at = bytes.writeInt16BE(version, at);
  at = bytes.writeInt32BE(opaque, at);
  at = bytes.writeInt32BE(flag, at);
  at = bytes.writeInt32BE(remarkBytes, at);
  at += bytes.write(remark ?? '', at, 'utf8');
  at = bytes.writeInt32BE(mapBytes, at);
  for (const [name, value] of entries) {
    if (Buffer.byteLength(name) > MAX_KEY_BYTES) throw malformed(`key of ${Buffer.byteLength(name)} B to send`);
    const keyBytes = bytes.write(name, at + 2, 'utf8');
    bytes.writeInt16BE(keyBytes, at);
    at += 2 + keyBytes;
    const valueBytes = bytes.write(value, at + 4, 'utf8');
    bytes.writeInt32BE(valueBytes, at);
    at += 4 + valueBytes;
  }
  return bytes;
}
