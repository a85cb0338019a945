/**
 * The last property of a record with `enabledAppendPropCRC`: the CRC of all that is before it, which covers what the CRC of the
 * body does not: places, times, hosts, topic and properties. Ten digits, the least significant first. @source MessageExtEncoder
 *
 *     "__CRC32#" 0x01 "4449435561" 0x02
 */
export const PROPERTY_CRC = '__CRC32#';
const NAME = Buffer.from(`${PROPERTY_CRC}\u0001`, 'latin1');
const DIGITS = 10;
const PAIR_END = 2;
const ZERO = 0x30;
export const PROPERTY_CRC_BYTES = NAME.length + DIGITS + 1;

/** @param crc of the record up to `at`; 31 bits count */
export function writePropertyCrc(target: Buffer, at: number, crc: number): void {
  let place = at + NAME.copy(target, at);
  for (let i = 0, left = crc & 0x7fff_ffff; i < DIGITS; i++, left = Math.floor(left / 10))
    target[place++] = ZERO + (left % 10);
  target[place] = PAIR_END;
}

/** The CRC that stands before `end`, where the record ends; undefined when something else does. */
export function propertyCrcBefore(bytes: Buffer, end: number): number | undefined {
  const at = end - PROPERTY_CRC_BYTES;
  if (at < 0 || bytes[end - 1] !== PAIR_END || bytes.compare(NAME, 0, NAME.length, at, at + NAME.length) !== 0)
    return undefined;
  let crc = 0;
  for (let place = end - 2; place >= at + NAME.length; place--) {
    const digit = (bytes[place] as number) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    crc = crc * 10 + digit;
  }
  return crc;
}
