import { type KeySpec } from './key-spec';

export type KeySpecs<T> = { readonly [K in keyof T]: KeySpec<T[K]> };

/** The keys of one component. `T` is the type of what reading gives. */
export interface ConfigSchema<T, Name extends string = string> {
  readonly name: Name;
  readonly keys: KeySpecs<T>;
}

/** What can be done with a schema without knowing its keys. */
export interface AnySchema {
  readonly name: string;
  readonly keys: Readonly<Record<string, KeySpec<unknown>>>;
}

/** The values that a schema's reading gives. */
export type ValuesOf<S extends AnySchema> = {
  readonly [K in keyof S['keys']]: S['keys'][K] extends KeySpec<infer T> ? T : never;
};

/** Names a set of keys; the type of the values follows from the keys. */
export function schema<T, Name extends string>(name: Name, keys: KeySpecs<T>): ConfigSchema<T, Name> {
  return { name, keys };
}
