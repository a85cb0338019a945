import { formatProperties, parseProperties } from '@batonmq/config';

/**
 * Sets keys in the text of a properties file and leaves the rest as it is, comments and all. Files with continuation
 * lines are written anew instead.
 */
export function replaceProperties(text: string, changes: ReadonlyMap<string, string>): string {
  if (/\\\r?\n/.test(text)) return formatProperties(new Map([...parseProperties(text), ...changes]));
  const left = new Map(changes);
  const lines: string[] = [];
  for (const line of text.replace(/\r?\n$/, '').split(/\r?\n/)) {
    const [key] = [...parseProperties(line).keys()];
    const value = key === undefined ? undefined : changes.get(key);
    if (key === undefined || value === undefined) lines.push(line);
    else if (left.delete(key)) lines.push(formatProperties([[key, value]]).trimEnd());
  }
  for (const [key, value] of left) lines.push(formatProperties([[key, value]]).trimEnd());
  return `${lines.join('\n').replace(/^\n/, '')}\n`;
}
