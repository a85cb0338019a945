import { ConfigError } from './config-error';

const BYTE_ORDER_MARK = '\uFEFF';
const BLANK = /[ \t\f]/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };
const CONTROLS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' };

/**
 * Reads the text of a Java properties file (rules of java.util.Properties.load): comments with `#` and `!`, key and value
 * apart at the first unescaped `=`, `:` or blank, escapes, continuation lines; the last of several entries of a key counts.
 * Values are trimmed, which Java does not do: there a blank after a number or `true` voids it without a word.
 *
 * @param source how errors name the text
 * @throws ConfigError CONFIG_UNREADABLE on a broken `\uXXXX`, where Java throws as well
 */
export function parseProperties(text: string, source = 'properties'): Map<string, string> {
  const properties = new Map<string, string>();
  for (const { line, text: logical } of logicalLines(text)) {
    const end = keyEnd(logical);
    const key = unescape(logical.slice(0, end), line, source);
    properties.set(key, unescape(logical.slice(valueStart(logical, end)), line, source).trim());
  }
  return properties;
}

/**
 * The text of a properties file with one `key=value` per line, sorted by key, that {@link parseProperties} and Java read back.
 * What is not ASCII becomes `\uXXXX`, because Java reads files as ISO 8859-1. Absent values are left out.
 */
export function formatProperties(properties: Iterable<readonly [string, unknown]>): string {
  return [...properties]
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([key, value]) => `${escaped(key, /[\\ =:#!]/g)}=${escaped(String(value), /\\|^[ #!]/g)}\n`)
    .join('');
}

interface LogicalLine {
  /** Number of the first natural line, from 1. */
  readonly line: number;
  readonly text: string;
}

/** Joins continuation lines and leaves out blank lines and comments; a comment cannot be continued. */
function logicalLines(text: string): LogicalLine[] {
  const natural = (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).split(/\r\n|\n|\r/);
  const found: LogicalLine[] = [];
  for (let at = 0; at < natural.length; at++) {
    const line = at + 1;
    let joined = leftTrimmed(natural[at] ?? '');
    if (joined === '' || joined.startsWith('#') || joined.startsWith('!')) continue;
    while (isContinued(joined)) {
      at++;
      joined = joined.slice(0, -1) + leftTrimmed(natural[at] ?? '');
      if (at >= natural.length) break;
    }
    if (joined !== '') found.push({ line, text: joined });
  }
  return found;
}

function leftTrimmed(line: string): string {
  return line.replace(/^[ \t\f]+/, '');
}

/** Ends in an odd number of backslashes. */
function isContinued(line: string): boolean {
  let count = 0;
  while (line[line.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

function keyEnd(line: string): number {
  let at = 0;
  while (at < line.length) {
    const char = line[at] as string;
    if (char === '\\') at += 2;
    else if (char === '=' || char === ':' || BLANK.test(char)) return at;
    else at++;
  }
  return line.length;
}

function valueStart(line: string, end: number): number {
  const separator = /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(end));
  return end + (separator?.[0].length ?? 0);
}

function unescape(text: string, line: number, source: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(u[0-9a-fA-F]{4}|[^])/g, (whole, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(parseInt(escaped.slice(1), 16));
    if (escaped === 'u') {
      throw new ConfigError('CONFIG_UNREADABLE', `${source}, line ${line}: \\u is not followed by four hex digits`, {
        hint: 'a backslash that is meant as itself is written \\\\',
      });
    }
    return ESCAPES[escaped] ?? whole.slice(1);
  });
}

function escaped(text: string, special: RegExp): string {
  return text.replace(special, '\\$&').replace(/[^ -~]/g, (char) => {
    return CONTROLS[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
