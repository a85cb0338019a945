import { ConfigError } from './config-error';
import { type KeySpec } from './key-spec';
import { anyMachine, type Defaults } from './machine-defaults';
import { nearestKey } from './nearest-key';
import { type AnySchema, type ValuesOf } from './schema';

type EachValues<S> = S extends AnySchema ? ValuesOf<S> : never;
type Intersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never;

const MAX_STRANGERS_SHOWN = 5;

export interface ConfigReading<T> {
  /** Every key of every schema. A key that several schemas have takes the type and the default of the first. */
  readonly values: T;
  /** Unknown keys, and values that are read otherwise than they look; one line each, and one for all keys that resemble none. */
  readonly warnings: string[];
  /** Keys that are set to something else than their default but have no effect here, and why; one line each. */
  readonly hints: string[];
}

/**
 * Reads the schemas that share one file. Keys that none of them knows are warned about, with the nearest known key.
 *
 * @param source how messages name the file
 * @param machine what defaults depend on; without it {@link anyMachine}, which only tests want
 * @throws ConfigError CONFIG_BAD_VALUE for a value that cannot be read; RocketMQ would keep the default without a word
 */
export function readConfig<S extends AnySchema>(
  schema: S,
  properties: ReadonlyMap<string, string>,
  source: string,
  machine?: Defaults,
): ConfigReading<ValuesOf<S>>;
export function readConfig<const S extends readonly AnySchema[]>(
  schemas: S,
  properties: ReadonlyMap<string, string>,
  source: string,
  machine?: Defaults,
): ConfigReading<Intersection<EachValues<S[number]>>>;
export function readConfig(
  schemas: AnySchema | readonly AnySchema[],
  properties: ReadonlyMap<string, string>,
  source: string,
  machine: Defaults = anyMachine,
): ConfigReading<unknown> {
  const known = mergedKeys('name' in schemas ? [schemas] : schemas);
  const values: Record<string, unknown> = {};
  for (const [key, spec] of known) values[key] = defaultOf(spec, machine);
  const warnings: string[] = [];
  const hints: string[] = [];
  const strangers: string[] = [];
  for (const [key, text] of properties) {
    const spec = known.get(key);
    if (spec === undefined) {
      const nearest = nearestKey(key, known.keys());
      if (nearest === undefined) strangers.push(key);
      else warnings.push(`unknown key ${key} in ${source} is ignored; did you mean ${nearest}?`);
      continue;
    }
    const { value, warning } = readValue(key, spec, text, source);
    if (warning !== undefined) warnings.push(`${key} in ${source}: ${warning}`);
    if (spec.accepted !== undefined && value !== values[key]) {
      hints.push(`${key} in ${source} has no effect: ${spec.reason ?? spec.doc}`);
    }
    values[key] = value;
  }
  warnings.push(...strangersLine(strangers, source));
  return { values, warnings, hints };
}

/** The value of a key that no file sets. */
export function defaultOf<T>(spec: KeySpec<T>, machine: Defaults): T {
  return typeof spec.fallback === 'function' ? (spec.fallback as (machine: Defaults) => T)(machine) : spec.fallback;
}

/** Every value of a schema as no file sets it, for tests and for what is composed in code. */
export function defaultsOf<S extends AnySchema>(schema: S, machine: Defaults = anyMachine): ValuesOf<S> {
  return readConfig(schema, new Map(), 'defaults', machine).values;
}

/**
 * Reads the text of one key, as the requests that change a configuration at run time do.
 * @throws ConfigError CONFIG_BAD_VALUE
 */
export function readValue<T>(
  key: string,
  spec: KeySpec<T>,
  text: string,
  source: string,
): { value: T; warning?: string } {
  const trimmed = text.trim();
  const reading = spec.read(trimmed);
  if (reading.ok) return reading;
  const found = trimmed === '' ? 'nothing' : `"${spec.secret === true ? '***' : trimmed.slice(0, 100)}"`;
  throw new ConfigError('CONFIG_BAD_VALUE', `${key} in ${source}: expected ${reading.expected}, found ${found}`, {
    key,
    expected: reading.expected,
    found: spec.secret === true ? '***' : trimmed,
    hint: trimmed === '' ? 'leave the key out to keep its default' : undefined,
  });
}

function mergedKeys(schemas: readonly AnySchema[]): Map<string, KeySpec<unknown>> {
  const merged = new Map<string, KeySpec<unknown>>();
  for (const { keys } of schemas) {
    for (const [key, spec] of Object.entries<KeySpec<unknown>>(keys)) if (!merged.has(key)) merged.set(key, spec);
  }
  return merged;
}

/** One line for all keys that resemble none: a file of another component, or a license in `<!-- -->`, has dozens. */
function strangersLine(keys: readonly string[], source: string): string[] {
  if (keys.length === 0) return [];
  const shown = keys.slice(0, MAX_STRANGERS_SHOWN).map((key) => key.slice(0, 60));
  const more = keys.length - shown.length;
  const list = more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
  return [
    keys.length === 1
      ? `unknown key ${list} in ${source} is ignored`
      : `unknown keys in ${source} are ignored: ${list}`,
  ];
}
