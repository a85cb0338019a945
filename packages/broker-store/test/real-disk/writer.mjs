// A store in a process of its own, for file systems that really fail: node --conditions=@batonmq/source writer.mjs DIR FLUSH
// Commands come in by standard input, one a line; each answers with one JSON line.
import { readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
const { transformSync } = require('@swc/core');
require.extensions['.ts'] = (module, path) => {
  const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } };
  module._compile(transformSync(readFileSync(path, 'utf8'), options).code, path);
};
const { MessageStore } = require('../../src/index.ts');
const { nodeHost, silentLog } = require('@batonmq/host');
const { bodiesOf } = require('../check-store.ts');
const { message, testOptions } = require('../store-fixture.ts');

const [root, flushDiskType] = process.argv.slice(2);
const balloon = `${root}/balloon`;
const say = (what) => writeSync(1, `${JSON.stringify(what)}\n`);
const options = {
  flushDiskType,
  flushIntervalCommitLog: 5,
  flushCommitLogThoroughInterval: 5,
  flushIntervalConsumeQueue: 10,
};
const store = new MessageStore(nodeHost(silentLog), {
  ...testOptions(root),
  mappedFileSizeCommitLog: 256 << 10,
  ...options,
});

async function put(body) {
  const { status, endOffset } = store.put(message('T', 0, body));
  if (status !== 'PUT_OK') return status;
  return store.whenDurable(endOffset).then(
    () => 'ok',
    ({ code }) => code,
  );
}

/** Puts messages until one fails; those that went well are told, and what became of the one that did not. */
async function fill(count, bytes) {
  for (let n = 0; n < count; n++) {
    const outcome = await put(`${n}:`.padEnd(bytes, 'x'));
    if (outcome !== 'ok') return { acked: n, outcome };
  }
  return { acked: count, outcome: 'ok' };
}

/** Takes what the disk has left. */
function inflate() {
  let bytes = 64 << 10;
  writeFileSync(balloon, '');
  while (bytes > 0) {
    try {
      writeFileSync(balloon, Buffer.alloc(bytes), { flag: 'a' });
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      bytes >>= 1;
    }
  }
}

const COMMANDS = {
  put: async (body) => ({ outcome: await put(body) }),
  fill: (count, bytes) => fill(Number(count), Number(bytes)),
  inflate: () => (inflate(), {}),
  deflate: () => (rmSync(balloon), {}),
  refused: async () => {
    while (store.writable) await new Promise((resolve) => setTimeout(resolve, 5));
    return { failed: store.status().failed };
  },
  writable: async () => {
    while (!store.writable) await new Promise((resolve) => setTimeout(resolve, 5));
    return {};
  },
  read: async () => {
    // What was acknowledged is dispatched in the same turn or the next; what was not may never be.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    return { bodies: bodiesOf(store, 'T', 0).map((body) => body.replace(/x+$/, '')) };
  },
  stop: async () => (await store.stop(), {}),
  die: () => process.kill(process.pid, 'SIGKILL'),
};

try {
  await store.load();
  await store.start();
} catch (error) {
  say({ refused: error.code, message: error.message });
  process.exit(1);
}
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...args] = line.split(' ');
  say({ command, ...(await COMMANDS[command](...args)) });
}
process.exit(0);
