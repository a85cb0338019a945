/** Names and numbers of LanguageCode; the JSON header carries the name, the binary header the number. */
export const LANGUAGES = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
  'RUST',
  'NODE_JS',
] as const;

const KNOWN: ReadonlySet<string> = new Set(LANGUAGES);

/** The name as JSON headers carry it, in any case, or its number; OTHER when it is none. */
export function languageName(value: unknown): string {
  if (typeof value === 'number') return LANGUAGES[value] ?? 'OTHER';
  const name = String(value).toUpperCase();
  return KNOWN.has(name) ? name : 'OTHER';
}
