#!/usr/bin/env node
// Replays seeds of the simulated cluster: --seed N [--trace], or --seeds N [--from S]. Needs a build (npm run build).
import { parseArgs } from 'node:util';
import testing from '../dist/index.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds ?? 1) : 1;
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  process.stderr.write('expected --seed N [--trace] or --seeds N [--from S], with whole numbers\n');
  process.exit(2);
}

const started = performance.now();
const totals = { acknowledged: 0, faults: 0, epochs: 0, virtualMs: 0, events: 0 };
const failedSeeds = [];
for (let seed = first; seed < first + count; seed += 1) {
  const report = await testing.runScenario({ seed });
  for (const key of Object.keys(totals)) totals[key] += report[key];
  if (values.trace) process.stdout.write(report.trace.join('\n') + '\n');
  const failed = report.violations.length > 0;
  if (failed) failedSeeds.push(seed);
  if (failed || count === 1) {
    process.stdout.write(`seed ${seed}: ${JSON.stringify({ ...report, trace: undefined })}\n`);
    for (const line of report.violations) process.stdout.write(`seed ${seed}: ${line}\n`);
  }
  if (process.stderr.isTTY || (seed - first + 1) % 50 === 0) {
    process.stderr.write(
      `${process.stderr.isTTY ? '\r' : ''}${seed - first + 1}/${count}, ${failedSeeds.length} failed${process.stderr.isTTY ? '' : '\n'}`,
    );
  }
}
const seconds = (performance.now() - started) / 1000;
const seedsPerSecond = Math.round((count / seconds) * 100) / 100;
process.stdout.write(
  `${JSON.stringify({ seeds: count, failed: failedSeeds.length, failedSeeds, seedsPerSecond, ...totals })}\n`,
);
process.exitCode = failedSeeds.length > 0 ? 1 : 0;
