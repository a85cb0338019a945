import type { ExtFields } from './command';
import { RemotingError } from './errors';

/** How one field of a header travels as text (remoting.md 4.1). */
export interface Field<T> {
  /** @returns undefined when the text is absent or, as in the reference, does not parse */
  read(text: string | undefined): T | undefined;
  write(value: T): string;
  readonly optional: boolean;
}

export function text(): Field<string> {
  return { optional: false, read: (value) => value, write: (value) => value };
}

const INTEGER = /^[+-]?\d+$/;

export function int32(): Field<number> {
  return {
    optional: false,
    read: (value) => {
      if (value === undefined || !INTEGER.test(value)) return undefined;
      const number = Number(value);
      return number >= -0x80000000 && number <= 0x7fffffff ? number : undefined;
    },
    write: String,
  };
}

/** Offsets, sizes and times: a number, exact below 2^53; larger ones count as unreadable. */
export function int64(): Field<number> {
  return {
    optional: false,
    read: (value) => {
      if (value === undefined || !INTEGER.test(value)) return undefined;
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : undefined;
    },
    write: String,
  };
}

/** `true` in any case is true, everything else false, absent is `absent`. */
export function flag(absent: boolean): Field<boolean> {
  return {
    optional: false,
    read: (value) => (value === undefined ? absent : value.toLowerCase() === 'true'),
    write: String,
  };
}

export type Optional<T> = Field<T> & { readonly optional: true };

/** Left out when undefined, undefined when left out. */
export function optional<T>(field: Field<T>): Optional<T> {
  return { ...field, read: (value) => (value === undefined ? undefined : field.read(value)), optional: true };
}

/** `absent` when left out or unreadable. */
export function orElse<T>(field: Field<T>, absent: T): Field<T> {
  return { ...field, read: (value) => field.read(value) ?? absent };
}

type Shape = Record<
  string,
  | Field<never>
  | Field<string>
  | Field<number>
  | Field<boolean>
  | Optional<string>
  | Optional<number>
  | Optional<boolean>
>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
type OptionalKeys<S> = { [K in keyof S]: S[K] extends { readonly optional: true } ? K : never }[keyof S];

export type HeaderValues<S> = { readonly [K in Exclude<keyof S, OptionalKeys<S>>]: ValueOf<S[K]> } & {
  readonly [K in OptionalKeys<S>]?: ValueOf<S[K]> | undefined;
};

export interface HeaderCodec<T> {
  readonly name: string;
  /** @throws RemotingError FIELD_MISSING naming the header and the field */
  decode(fields: ExtFields): T;
  encode(value: T): ExtFields;
}

export type HeaderOf<C> = C extends HeaderCodec<infer T> ? T : never;

/** Declares a header once: its TypeScript type, reader and writer. The keys are the names on the wire. */
export function header<S extends Shape>(name: string, shape: S): HeaderCodec<HeaderValues<S>> {
  const fields = Object.entries(shape) as [string, Field<unknown>][];
  return {
    name,
    decode(ext) {
      const out: Record<string, unknown> = {};
      for (const [key, field] of fields) {
        const value = field.read(ext[key]);
        if (value === undefined && !field.optional) {
          const found = ext[key] === undefined ? 'is missing' : `cannot be ${JSON.stringify(ext[key])}`;
          throw new RemotingError('FIELD_MISSING', `${name}: field ${key} ${found}`);
        }
        out[key] = value;
      }
      return out as HeaderValues<S>;
    },
    encode(value) {
      const out: ExtFields = {};
      const values = value as Record<string, unknown>;
      for (const [key, field] of fields) {
        const item = values[key];
        if (item !== undefined) out[key] = field.write(item);
      }
      return out;
    },
  };
}
