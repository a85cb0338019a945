/**
 * The properties text of a message (`name \x01 value \x02` repeated), looked into and extended without parsing it: a send
 * needs three of thirty properties, and copies the text as it came.
 */
const NAME_END = '\u0001';
const PAIR_END = '\u0002';

/** @returns undefined when the property is absent or empty */
export function propertyOf(properties: string, name: string): string | undefined {
  const at = startOf(properties, name);
  if (at < 0) return undefined;
  const end = properties.indexOf(PAIR_END, at);
  const value = properties.slice(at, end < 0 ? properties.length : end);
  return value === '' ? undefined : value;
}

/** Adds pairs at the end, closing an unfinished last pair first (older clients leave out the last separator). */
export function appendProperties(properties: string, pairs: string): string {
  return properties === '' || properties.endsWith(PAIR_END) ? properties + pairs : properties + PAIR_END + pairs;
}

export function pair(name: string, value: string): string {
  return name + NAME_END + value + PAIR_END;
}

/** The text without one property; the same text when it is absent. */
export function withoutProperty(properties: string, name: string): string {
  const at = startOf(properties, name);
  if (at < 0) return properties;
  const end = properties.indexOf(PAIR_END, at);
  return properties.slice(0, at - name.length - 1) + (end < 0 ? '' : properties.slice(end + 1));
}

/** Where the value of `name` begins, -1 when it is absent. */
function startOf(properties: string, name: string): number {
  const key = name + NAME_END;
  if (properties.startsWith(key)) return key.length;
  const at = properties.indexOf(PAIR_END + key);
  return at < 0 ? -1 : at + 1 + key.length;
}
