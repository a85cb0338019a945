// Runs any number of seeds of the simulation, from source, on all processors: --seeds N [--from S] [--workers W]. Shows
// progress on standard error, ends with one JSON line. A failing seed is shrunk and printed with its trace; the others go on.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

const SEEDS_AT_ONCE = 100;
const MAX_REPORTS = 5;

if (isMainThread) await conduct();
else work();

function work() {
  const require = createRequire(import.meta.url);
  const { transformSync } = require('@swc/core');
  require.extensions['.ts'] = (module, path) => {
    const jsc = { parser: { syntax: 'typescript' }, target: 'es2022' };
    module._compile(transformSync(readFileSync(path, 'utf8'), { jsc, module: { type: 'commonjs' } }).code, path);
  };
  const { simulate } = require('../test/simulation/simulation.ts');
  const { report, shrink } = require('../test/simulation/shrink.ts');
  parentPort.on('message', ({ from, seeds, reports }) => {
    const done = { seeds, counts: {}, failed: [], reports: [] };
    for (let seed = from; seed < from + seeds; seed++) {
      const outcome = simulate(seed);
      for (const [name, count] of Object.entries(outcome.counts)) done.counts[name] = (done.counts[name] ?? 0) + count;
      if (!outcome.failed) continue;
      done.failed.push(seed);
      if (done.reports.length < reports) done.reports.push(report(seed, shrink(seed, outcome)));
    }
    parentPort.postMessage(done);
  });
}

async function conduct() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(availableParallelism()) },
    },
  });
  const [seeds, from, workers] = [values.seeds, values.from, values.workers].map(Number);
  const [counts, failed] = [{}, []];
  let [next, done, reported] = [from, 0, 0];
  const begin = performance.now();
  const perSecond = () => Math.round((done / (performance.now() - begin)) * 1000);
  const progress = setInterval(
    () => console.error(`${done} of ${seeds} seeds, ${failed.length} failed, ${perSecond()} seeds/s`),
    5000,
  );
  const run = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url));
      const more = () => {
        const count = Math.min(SEEDS_AT_ONCE, from + seeds - next);
        if (count === 0) return resolve(worker.terminate());
        worker.postMessage({ from: next, seeds: count, reports: Math.max(0, MAX_REPORTS - reported) });
        next += count;
      };
      worker.on('error', reject);
      worker.on('message', (part) => {
        done += part.seeds;
        failed.push(...part.failed);
        for (const [name, count] of Object.entries(part.counts)) counts[name] = (counts[name] ?? 0) + count;
        for (const text of part.reports) if (reported++ < MAX_REPORTS) console.error(text);
        more();
      });
      more();
    });
  await Promise.all(Array.from({ length: Math.max(1, workers) }, run));
  clearInterval(progress);
  if (failed.length > 0) console.error(`failed: ${failed.sort((a, b) => a - b).join(' ')}`);
  console.error(`also: ${JSON.stringify(counts)}`);
  const { events = 0, elections = 0, crashes = 0, partitions = 0, snapshots = 0, membershipChanges = 0 } = counts;
  const seedsPerSecond = perSecond();
  const total = { seeds, failed: failed.length, seedsPerSecond };
  console.log(JSON.stringify({ ...total, events, elections, crashes, partitions, snapshots, membershipChanges }));
  process.exitCode = failed.length === 0 ? 0 : 1;
}
