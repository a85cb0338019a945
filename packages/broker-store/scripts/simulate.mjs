// Runs any number of seeds of the crash simulation, from source: --seeds N [--from S]. Shows progress on standard error, ends
// with one JSON line. A failing seed is printed with its trace; the others go on.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const ts = require('typescript');
require.extensions['.ts'] = (module, path) => {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  module._compile(ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions }).outputText, path);
};
const { simulate } = require('../test/simulation/simulation.ts');

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
const total = { seeds, from, failed: 0, seedsPerSecond: 0 };
const begin = performance.now();
let shown = begin;
for (let seed = from; seed < from + seeds; seed++) {
  const outcome = await simulate(seed);
  for (const [name, count] of Object.entries(outcome.counts)) total[name] = (total[name] ?? 0) + count;
  if (outcome.failed) {
    total.failed++;
    console.error(`seed ${seed}: ${outcome.why}\n${JSON.stringify(outcome.weather)}\n${outcome.trace.join('\n')}`);
  }
  if (performance.now() - shown > 5000) {
    shown = performance.now();
    const rate = ((seed - from + 1) / (shown - begin)) * 1000;
    console.error(`${seed - from + 1} of ${seeds} seeds, ${total.failed} failed, ${rate.toFixed(0)} seeds/s`);
  }
}
total.seedsPerSecond = Math.round((seeds / (performance.now() - begin)) * 1000);
console.log(JSON.stringify(total));
process.exit(total.failed === 0 ? 0 : 1);
