import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as ts from 'typescript';
import type { Store } from './simulation';

const SOURCE = join(__dirname, '../../src');

/** A change to one place of the production source. */
export interface Plant {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

type Exports = Record<string, unknown>;
const translated = new Map<string, string>();

/**
 * Loads the store from source with a bug planted in it: the production text with one piece replaced (more where a bug has
 * several places), so that the production code carries no switches for tests. Fails when a piece is not there exactly once:
 * plants must not rot.
 */
export function plantedStore(...plants: readonly Plant[]): Store {
  const loaded = new Map<string, Exports>();
  const load = (path: string): Exports => {
    const before = loaded.get(path);
    if (before !== undefined) return before;
    const exports: Exports = {};
    loaded.set(path, exports);
    const outside = createRequire(path);
    const inside = (name: string): unknown =>
      name.startsWith('.')
        ? load(`${join(dirname(path), name)}.ts`)
        : name === '@batonmq/host'
          ? jest.requireActual('@batonmq/host')
          : outside(name);
    new Function(
      'require',
      'exports',
      codeOf(
        path,
        plants.filter(({ file }) => path === join(SOURCE, file)),
      ),
    )(inside, exports);
    return exports;
  };
  return load(join(SOURCE, 'index.ts')) as unknown as Store;
}

function codeOf(path: string, plants: readonly Plant[]): string {
  if (plants.length === 0) {
    const before = translated.get(path);
    if (before !== undefined) return before;
  }
  let text = readFileSync(path, 'utf8');
  for (const plant of plants) {
    const pieces = text.split(plant.find);
    if (pieces.length !== 2) throw new Error(`${plant.file} has ${pieces.length - 1} times: ${plant.find}`);
    text = pieces.join(plant.replace);
  }
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const code = ts.transpileModule(text, { compilerOptions }).outputText;
  if (plants.length === 0) translated.set(path, code);
  return code;
}
