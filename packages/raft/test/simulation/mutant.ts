import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as ts from 'typescript';
import type { Core } from './core';

const SOURCE = join(__dirname, '../../src');

/** A change to one place of the production source. */
export interface Plant {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Elsewhere, as part of the same bug. */
  readonly also?: Omit<Plant, 'also'>;
}

/**
 * Loads the pure core from source with a bug planted in it: the production text with one piece replaced, so that the
 * production code carries no switches for tests. Fails when the piece is not there exactly once: plants must not rot.
 */
export function plantedCore(plant: Plant): Core {
  const load = loader(plant);
  return {
    step: load(join(SOURCE, 'core/step.ts'))['step'] as Core['step'],
    nextDeadlineMs: load(join(SOURCE, 'core/step.ts'))['nextDeadlineMs'] as Core['nextDeadlineMs'],
    createState: load(join(SOURCE, 'core/state.ts'))['createState'] as Core['createState'],
    WriteGate: load(join(SOURCE, 'write-gate.ts'))['WriteGate'] as Core['WriteGate'],
  };
}

type Exports = Record<string, unknown>;

function loader(plant: Plant): (path: string) => Exports {
  const loaded = new Map<string, Exports>();
  const edits = plant.also === undefined ? [plant] : [plant, plant.also];
  const load = (path: string): Exports => {
    const before = loaded.get(path);
    if (before !== undefined) return before;
    const exports: Exports = {};
    loaded.set(path, exports);
    let text = readFileSync(path, 'utf8');
    for (const { file, find, replace } of edits) {
      if (path !== join(SOURCE, file)) continue;
      const pieces = text.split(find);
      if (pieces.length !== 2) throw new Error(`${file} has ${pieces.length - 1} times: ${find}`);
      text = pieces.join(replace);
    }
    const code = compiled(path, text);
    const outside = createRequire(path);
    const require = (name: string): unknown =>
      name.startsWith('.')
        ? load(`${join(dirname(path), name)}.ts`)
        : name === '@batonmq/host'
          ? host()
          : outside(name);
    new Function('require', 'exports', code)(require, exports);
    return exports;
  };
  return load;
}

const compiledBefore = new Map<string, { readonly text: string; readonly code: string }>();

/** Most files are the same for every bug. */
function compiled(path: string, text: string): string {
  const before = compiledBefore.get(path);
  if (before?.text === text) return before.code;
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const code = ts.transpileModule(text, { compilerOptions }).outputText;
  compiledBefore.set(path, { text, code });
  return code;
}

/** Of host the core uses the base of errors only. */
function host(): Exports {
  class BatonError extends Error {
    constructor(
      readonly code: string,
      message: string,
    ) {
      super(message);
    }
  }
  return { BatonError };
}
