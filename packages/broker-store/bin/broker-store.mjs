#!/usr/bin/env node
// Looks into a store's directory: inspect DIR [--json]. Reads only; takes no lock. Ends with 1 when it found a problem.
// The engine itself touches no machine: this file gives it the real one (needs a build).
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import host from '@batonmq/host';
import store from '../dist/index.js';

const USAGE = `usage: broker-store inspect DIR [--json]

Prints segments, queues, epochs, checkpoint, index files and the first problem of a message store, ours or RocketMQ's.
Reads only and takes no lock. Exit code: 0 nothing found, 1 a problem, 2 wrong arguments.
`;

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}

let parsed;
try {
  parsed = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
} catch (error) {
  fail(`${error.message}\n${USAGE}`);
}
const { values, positionals } = parsed;
const [command, directory, ...rest] = positionals;
if (values.help) {
  process.stdout.write(USAGE);
} else if (command !== 'inspect' || directory === undefined || rest.length > 0) {
  fail(USAGE);
} else {
  try {
    const report = store.inspectStore(host.nodeHost(host.silentLog), resolve(directory));
    process.stdout.write(values.json ? `${JSON.stringify(report, undefined, 2)}\n` : store.reportText(report));
    process.exitCode = report.problem === undefined ? 0 : 1;
  } catch (error) {
    fail(error.message);
  }
}
