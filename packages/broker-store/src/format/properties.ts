import { javaHashOfBytes } from './java-hash';

const NAME_END = 1;
const PAIR_END = 2;

/** Names of the properties the store itself looks at. @source MessageConst */
export const PROPERTY = {
  keys: 'KEYS',
  tags: 'TAGS',
  uniqueKey: 'UNIQ_KEY',
  delay: 'DELAY',
  innerNum: 'INNER_NUM',
  lightNames: 'INNER_MULTI_DISPATCH',
  lightOffsets: 'INNER_MULTI_QUEUE_OFFSET',
} as const;

/** `name 0x01 value 0x02` for every pair, as 5.2 and later write it; undefined and empty values are left out. */
export function encodeProperties(
  properties: ReadonlyMap<string, string> | Readonly<Record<string, string | undefined>>,
): string {
  let text = '';
  const pairs = properties instanceof Map ? properties : Object.entries(properties);
  for (const [name, value] of pairs as Iterable<[string, string | undefined]>) {
    if (value !== undefined && value !== '') text += `${name}\u0001${value}\u0002`;
  }
  return text;
}

/** Lenient: pairs without name or value vanish, later ones win, the last separator may be missing. @source MessageDecoder.string2messageProperties */
export function decodeProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (let start = 0; start < text.length;) {
    let end = text.indexOf('\u0002', start);
    if (end < 0) end = text.length;
    const middle = text.indexOf('\u0001', start);
    if (middle > start && middle + 1 < end) properties.set(text.slice(start, middle), text.slice(middle + 1, end));
    start = end + 1;
  }
  return properties;
}

/** Where the values lie that dispatch needs; start 0 means absent. One object is reused for all messages. */
export class PropertyPlaces {
  tagsStart = 0;
  tagsEnd = 0;
  keysStart = 0;
  keysEnd = 0;
  uniqueKeyStart = 0;
  uniqueKeyEnd = 0;
  delayStart = 0;
  delayEnd = 0;
  lightNamesStart = 0;
  lightNamesEnd = 0;
  lightOffsetsStart = 0;
  lightOffsetsEnd = 0;

  /** One pass over the bytes from `start` to `end`, by the rules of `decodeProperties`. Never fails. */
  scan(bytes: Buffer, start: number, end: number): void {
    this.tagsStart = this.keysStart = this.uniqueKeyStart = this.delayStart = 0;
    this.lightNamesStart = this.lightOffsetsStart = 0;
    for (let at = start; at < end;) {
      const name = at;
      while (at < end && bytes[at] !== NAME_END && bytes[at] !== PAIR_END) at++;
      const nameEnd = at;
      const hasValue = at < end && bytes[at] === NAME_END;
      while (at < end && bytes[at] !== PAIR_END) at++;
      if (hasValue && nameEnd > name && at > nameEnd + 1) this.note(bytes, name, nameEnd, at);
      at++;
    }
  }

  private note(bytes: Buffer, name: number, nameEnd: number, valueEnd: number): void {
    switch (nameEnd - name) {
      case 4:
        if (isTags(bytes, name)) {
          this.tagsStart = nameEnd + 1;
          this.tagsEnd = valueEnd;
        } else if (isKeys(bytes, name)) {
          this.keysStart = nameEnd + 1;
          this.keysEnd = valueEnd;
        }
        break;
      case 5:
        if (bytes[name] === 0x44 && bytes.toString('latin1', name, nameEnd) === PROPERTY.delay) {
          this.delayStart = nameEnd + 1;
          this.delayEnd = valueEnd;
        }
        break;
      case 8:
        if (bytes[name] === 0x55 && isUniqueKey(bytes, name)) {
          this.uniqueKeyStart = nameEnd + 1;
          this.uniqueKeyEnd = valueEnd;
        }
        break;
      case PROPERTY.lightNames.length:
        if (bytes[name] === 0x49 && bytes.toString('latin1', name, nameEnd) === PROPERTY.lightNames) {
          this.lightNamesStart = nameEnd + 1;
          this.lightNamesEnd = valueEnd;
        }
        break;
      case PROPERTY.lightOffsets.length:
        if (bytes[name] === 0x49 && bytes.toString('latin1', name, nameEnd) === PROPERTY.lightOffsets) {
          this.lightOffsetsStart = nameEnd + 1;
          this.lightOffsetsEnd = valueEnd;
        }
        break;
    }
  }

  /** Hash of the TAGS value as a whole, 0 without one. @source MessageExtBrokerInner.tagsString2tagsCode */
  tagsCode(bytes: Buffer): number {
    return this.tagsStart === 0 ? 0 : javaHashOfBytes(bytes, this.tagsStart, this.tagsEnd);
  }

  /** The DELAY value when it is a whole number, else undefined. */
  delayLevel(bytes: Buffer): number | undefined {
    if (this.delayStart === 0) return undefined;
    const text = bytes.toString('latin1', this.delayStart, this.delayEnd);
    return /^[+-]?\d{1,9}$/.test(text) ? Number(text) : undefined;
  }
}

function isTags(b: Buffer, at: number): boolean {
  return b[at] === 0x54 && b[at + 1] === 0x41 && b[at + 2] === 0x47 && b[at + 3] === 0x53;
}

function isKeys(b: Buffer, at: number): boolean {
  return b[at] === 0x4b && b[at + 1] === 0x45 && b[at + 2] === 0x59 && b[at + 3] === 0x53;
}

/** UNIQ_KEY, of which the first byte has been looked at. */
function isUniqueKey(b: Buffer, at: number): boolean {
  return (
    b[at + 1] === 0x4e &&
    b[at + 2] === 0x49 &&
    b[at + 3] === 0x51 &&
    b[at + 4] === 0x5f &&
    b[at + 5] === 0x4b &&
    b[at + 6] === 0x45 &&
    b[at + 7] === 0x59
  );
}
