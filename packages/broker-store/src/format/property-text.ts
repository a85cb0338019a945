/** Properties in their text form, looked into without parsing all of them: `name 0x01 value 0x02` repeated. */
const NAME_END = '\u0001';
const PAIR_END = '\u0002';

/** The value of the first pair with this name; undefined when there is none, or it is empty. */
export function propertyValue(properties: string, name: string): string | undefined {
  const at = valueStart(properties, name);
  if (at < 0) return undefined;
  const end = properties.indexOf(PAIR_END, at);
  const value = properties.slice(at, end < 0 ? properties.length : end);
  return value === '' ? undefined : value;
}

/** The text without any pair of this name. */
export function dropProperty(properties: string, name: string): string {
  let text = properties;
  for (let at = valueStart(text, name); at >= 0; at = valueStart(text, name)) {
    const end = text.indexOf(PAIR_END, at);
    text = text.slice(0, at - name.length - 1) + (end < 0 ? '' : text.slice(end + 1));
  }
  return text;
}

/** The text with one more pair, behind a last one that is closed first where it was not. */
export function addProperty(properties: string, name: string, value: string): string {
  const closed = properties === '' || properties.endsWith(PAIR_END) ? properties : properties + PAIR_END;
  return closed + name + NAME_END + value + PAIR_END;
}

function valueStart(properties: string, name: string): number {
  const key = name + NAME_END;
  if (properties.startsWith(key)) return key.length;
  const at = properties.indexOf(PAIR_END + key);
  return at < 0 ? -1 : at + 1 + key.length;
}
