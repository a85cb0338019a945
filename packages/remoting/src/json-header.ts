import { languageName } from './language-code';
import type { ExtFields, RemotingCommand } from './command';
import { RemotingError } from './errors';

type Parsed = Record<string, unknown>;

/**
 * Reads a JSON header as tolerantly as Java does where other languages rely on it: unknown members, numbers as text,
 * numbers and booleans inside extFields, nulls, missing members.
 * @throws RemotingError HEADER_MALFORMED; the connection cannot be resumed
 * @source RemotingSerializable.decode, remoting.md 2.1
 */
export function readJsonHeader(bytes: Buffer, body: Buffer | undefined): RemotingCommand {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new RemotingError('HEADER_MALFORMED', `header of ${bytes.length} B is not JSON`, { cause });
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new RemotingError('HEADER_MALFORMED', 'header is JSON but not an object');
  }
  const fields = parsed as Parsed;
  const language = fields['language'];
  const remark = fields['remark'];
  return {
    code: int32(fields, 'code'),
    opaque: int32(fields, 'opaque'),
    flag: int32(fields, 'flag'),
    version: int32(fields, 'version'),
    language: language === undefined || language === 'JAVA' ? 'JAVA' : languageName(language),
    remark: typeof remark === 'string' ? remark : undefined,
    extFields: readExtFields(fields['extFields']),
    body,
    serializeType: 'JSON',
  };
}

function int32(fields: Parsed, name: string): number {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return 0;
  const number = Math.trunc(Number(value));
  if (!Number.isFinite(number) || number < -0x80000000 || number > 0x7fffffff) {
    throw new RemotingError('HEADER_MALFORMED', `header field ${name} is not an int32: ${String(value)}`);
  }
  return number;
}

function readExtFields(value: unknown): ExtFields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new RemotingError('HEADER_MALFORMED', 'extFields is not an object');
  }
  const fields = value as Record<string, unknown>;
  for (const name in fields) {
    const item = fields[name];
    if (typeof item === 'string') continue;
    fields[name] =
      item === null || item === undefined ? undefined : typeof item === 'object' ? JSON.stringify(item) : String(item);
  }
  return fields as ExtFields;
}

/** Text that needs no escape in JSON; the usual case, checked once instead of going through JSON.stringify. */
// eslint-disable-next-line no-control-regex
const PLAIN = /^[^"\\\u0000-\u001f\u2028\u2029\ud800-\udfff]*$/;

const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** The header as Java writes it: members in alphabetical order, no blanks. */
export function jsonHeaderText(
  code: number,
  opaque: number,
  flag: number,
  version: number,
  language: string,
  remark: string | undefined,
  fields: ExtFields | undefined,
): string {
  let ext = '';
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) ext += `${ext === '' ? '' : ','}${quote(name)}:${quote(value)}`;
  }
  const extPart = fields === undefined ? '' : `"extFields":{${ext}},`;
  const remarkPart = remark === undefined ? '' : `"remark":${quote(remark)},`;
  return `{"code":${code},${extPart}"flag":${flag},"language":"${language}","opaque":${opaque},${remarkPart}"serializeTypeCurrentRPC":"JSON","version":${version}}`;
}
