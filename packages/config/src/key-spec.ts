import { type Defaults } from './machine-defaults';

/** A constant, or what follows from the machine. */
export type Fallback<T> = T | ((machine: Defaults) => T);

/** What a text was read as; `warning` when RocketMQ reads it that way too, but hardly anyone means it. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T; readonly warning?: string }
  | { readonly ok: false; readonly expected: string };

/** What every kind of key can say about itself. */
export interface KeyOptions {
  /** One line for tables and hints. */
  readonly doc: string;
  readonly unit?: string;
  /** How tables show a default that depends on the machine or on another key. */
  readonly shown?: string;
  /** The key is read and checked, but nothing in BatonMQ asks for it; `reason` says why. */
  readonly accepted?: 'no effect';
  readonly reason?: string;
  /** Part of the text is a secret: never printed. */
  readonly secret?: boolean;
}

/** One key of a schema: how its text is read, and what holds without it. */
export interface KeySpec<T> extends KeyOptions {
  /** For tables: `text`, `int`, `flag`, `A | B`. */
  readonly kind: string;
  readonly fallback: Fallback<T>;
  /** `text` is trimmed. Never throws. */
  read(text: string): Reading<T>;
}

export interface NumberOptions extends KeyOptions {
  readonly min?: number;
  readonly max?: number;
}

export const INT_MIN = -(2 ** 31);
export const INT_MAX = 2 ** 31 - 1;

export function text(fallback: Fallback<string>, options: KeyOptions): KeySpec<string> {
  return { ...options, kind: 'text', fallback, read: (value) => ({ ok: true, value }) };
}

/** A text without a default; empty counts as absent. */
export function optionalText(
  options: KeyOptions,
  fallback?: Fallback<string | undefined>,
): KeySpec<string | undefined> {
  return {
    ...options,
    kind: 'text',
    fallback,
    read: (value) => ({ ok: true, value: value === '' ? undefined : value }),
  };
}

/** A Java int. */
export function int(fallback: Fallback<number>, options: NumberOptions): KeySpec<number> {
  const { min = INT_MIN, max = INT_MAX } = options;
  return { ...options, kind: 'int', fallback, read: (value) => readWhole(value, min, max, options.unit) };
}

/**
 * A Java long. Amounts from 2^53 on, which only ever mean "without limit" (Long.MAX_VALUE), become 2^53 - 1 with a
 * warning: a JavaScript number counts no further.
 */
export function long(fallback: Fallback<number>, options: NumberOptions): KeySpec<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
  return {
    ...options,
    kind: 'long',
    fallback,
    read(value) {
      const capped = cappedLong(value);
      if (capped === undefined || capped < min || capped > max) return readWhole(value, min, max, options.unit);
      return { ok: true, value: capped, warning: `${value} is read as ${capped}` };
    },
  };
}

/** A Java double; Infinity and NaN are refused. */
export function ratio(fallback: Fallback<number>, options: NumberOptions): KeySpec<number> {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = options;
  const bounded = options.min !== undefined || options.max !== undefined;
  const expected = bounded ? `a number ${range(options.min, options.max)}` : 'a number';
  return {
    ...options,
    kind: 'double',
    fallback,
    read(value) {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?$/.test(value)) return { ok: false, expected };
      const number = Number(value.replace(/[fFdD]$/, ''));
      return number >= min && number <= max ? { ok: true, value: number } : { ok: false, expected };
    },
  };
}

/** A Java boolean: `true` in any case, all else is false, as RocketMQ has it; but what is not `false` either is warned about. */
export function flag(fallback: Fallback<boolean>, options: KeyOptions): KeySpec<boolean> {
  return {
    ...options,
    kind: 'flag',
    fallback,
    read(value) {
      const lower = value.toLowerCase();
      if (lower === 'true') return { ok: true, value: true };
      if (lower === 'false') return { ok: true, value: false };
      return { ok: true, value: false, warning: `"${value}" is read as false; expected true or false` };
    },
  };
}

export interface ChoiceOptions<T extends string> extends KeyOptions {
  /** Other spellings that RocketMQ takes. */
  readonly aliases?: Readonly<Record<string, T>>;
  /** What any other text means, where RocketMQ has such a rule. */
  readonly otherwise?: T;
}

/** One of a few words, in any case. */
export function choice<const T extends string>(
  words: readonly T[],
  fallback: NoInfer<T>,
  options: ChoiceOptions<NoInfer<T>>,
): KeySpec<T> {
  const { aliases = {}, otherwise, ...shared } = options;
  return {
    ...shared,
    kind: words.join(' | '),
    fallback,
    read(value) {
      const lower = value.toLowerCase();
      const word =
        words.find((candidate) => candidate.toLowerCase() === lower) ??
        (Object.hasOwn(aliases, lower) ? aliases[lower] : undefined);
      if (word !== undefined) return { ok: true, value: word };
      const expected = `one of ${words.join(', ')}`;
      if (otherwise === undefined) return { ok: false, expected };
      return { ok: true, value: otherwise, warning: `"${value}" is read as ${otherwise}; expected ${expected}` };
    },
  };
}

function readWhole(value: string, min: number, max: number, unit: string | undefined): Reading<number> {
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return { ok: true, value: number === 0 ? 0 : number };
  const expected = `a whole number ${range(min, max)}`;
  return { ok: false, expected: unit === undefined || unit === 'port' ? expected : `${expected} (${unit})` };
}

function cappedLong(value: string): number | undefined {
  if (!/^[+-]?\d{16,20}$/.test(value)) return undefined;
  const exact = BigInt(value.replace('+', ''));
  if (BigInt.asIntN(64, exact) !== exact) return undefined;
  if (exact > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
  return exact < BigInt(Number.MIN_SAFE_INTEGER) ? Number.MIN_SAFE_INTEGER : undefined;
}

function range(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return `of at most ${max}`;
  if (max === undefined || max === INT_MAX || max === Number.MAX_SAFE_INTEGER) {
    return min === Number.MIN_SAFE_INTEGER ? 'of any size' : min === INT_MIN ? 'of at most 32 bits' : `from ${min} on`;
  }
  return `from ${min} to ${max}`;
}
