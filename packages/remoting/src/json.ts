import { RemotingError } from './errors';
import { LenientJson, resolveReferences } from './lenient-json';

/**
 * Reads a JSON body as fastjson's readers do: strict JSON first, then with bare names and integer keys, objects as keys,
 * `$ref`, single quotes, comments and trailing commas (remoting.md 9.3). A key that is an object becomes its JSON text.
 * @throws RemotingError BODY_MALFORMED
 */
export function readJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return text.includes('"$ref"') ? resolveReferences(value) : value;
  } catch {
    try {
      return new LenientJson(text).read();
    } catch (cause) {
      throw new RemotingError('BODY_MALFORMED', `body of ${bytes.length} B is not JSON: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}

/**
 * Writes JSON that every RocketMQ client reads: undefined and null members left out, bigint as plain digits, and a Map
 * whose keys are objects (MessageQueue tables) with the objects as keys, which is the only form Java accepts there.
 */
export function writeJson(value: unknown): Buffer {
  return Buffer.from(jsonText(value), 'utf8');
}

function jsonText(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null ? 'null' : objectText(value);
    default:
      return 'null';
  }
}

function objectText(value: object): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (value instanceof Set) return `[${[...value].map(jsonText).join(',')}]`;
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  const members: string[] = [];
  for (const [key, item] of entries) {
    if (item === undefined || item === null) continue;
    const keyText = typeof key === 'object' && key !== null ? objectText(key) : JSON.stringify(String(key));
    members.push(`${keyText}:${jsonText(item)}`);
  }
  return `{${members.join(',')}}`;
}
