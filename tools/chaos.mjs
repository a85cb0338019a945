// A local cluster of real processes under random kills, stops and freezes, with traffic all the time:
//   node tools/chaos.mjs [--seconds 60] [--seed N] [--keep DIR]
// Needs a build (npm run build). Says what it does on standard error; ends with one JSON line, and with code 0 only if nothing
// acknowledged was lost and the group came back whole.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { LocalCluster } = require('../packages/batonmq/dist/index.js');
const { Tally } = require('../packages/batonmq/dist/demo/tally.js');
const { Traffic } = require('../packages/batonmq/dist/demo/traffic.js');
const { Prng } = require('../packages/simulator/dist/index.js');

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    keep: { type: 'string' },
  },
});
const TOPIC = 'ChaosTopic';
const seed = Number(values.seed);
const prng = new Prng(seed);
const directory = values.keep ?? mkdtempSync(join(tmpdir(), 'batonmq-chaos-'));
const cluster = new LocalCluster({ directory });
const tally = new Tally();
const counts = { kill: 0, stop: 0, freeze: 0 };
const began = performance.now();
const say = (text) =>
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${text}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const busy = new Set();

/** One node at a time has one trouble; others may have theirs meanwhile. */
async function trouble(node) {
  if (busy.has(node.name) || !node.running) return;
  busy.add(node.name);
  try {
    const kind = ['kill', 'kill', 'stop', 'freeze', 'freeze'][prng.int(5)];
    const ms = Math.round(prng.between(50, kind === 'freeze' ? 6000 : 2500));
    say(`${kind} ${node.name} for ${ms} ms`);
    counts[kind] += 1;
    if (kind === 'freeze') {
      await node.kill('SIGSTOP');
      await pause(ms);
      await node.kill('SIGCONT');
      return;
    }
    await node.kill(kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
    await pause(ms);
    await node.start();
  } finally {
    busy.delete(node.name);
  }
}

async function pick() {
  const { nodes } = cluster;
  if (prng.chance(0.4)) {
    const { masterAddress } = await cluster.groupState();
    const master = nodes.find((node) => node.address === masterAddress);
    if (master !== undefined) return master;
  }
  return nodes[prng.int(nodes.length)];
}

let lastAckMs = 0;
let longestSilenceMs = 0;
const acknowledge = tally.acknowledge.bind(tally);
tally.acknowledge = (number) => {
  const now = performance.now();
  if (lastAckMs > 0) longestSilenceMs = Math.max(longestSilenceMs, now - lastAckMs);
  lastAckMs = now;
  acknowledge(number);
};

let traffic;
let problem;
try {
  say(`seed ${seed}, in ${directory}`);
  await cluster.start();
  await cluster.createTopic(TOPIC, 8);
  traffic = new Traffic(cluster.namesrvAddress, TOPIC, tally);
  await traffic.start();
  const until = performance.now() + Number(values.seconds) * 1000;
  const troubles = [];
  while (performance.now() < until) {
    await pause(prng.between(100, 2500));
    troubles.push(trouble(await pick()).catch((error) => (problem ??= String(error))));
  }
  await Promise.all(troubles);
  say('calm: everybody runs');
  await cluster.until('the group is whole', 60_000, async () => (await cluster.groupState()).syncStateSet.length === 3);
  const before = tally.acknowledged;
  await cluster.until('sends are acknowledged', 60_000, async () => tally.acknowledged > before + 10);
  await traffic.stopSending();
  await cluster.until('the consumer has caught up', 60_000, async () => tally.missing() === 0).catch(() => {});
} catch (error) {
  problem ??= String(error);
} finally {
  await traffic?.stop();
  await cluster.stop();
  if (values.keep === undefined) rmSync(directory, { recursive: true, force: true });
}
const { sent, acknowledged, consumed, duplicated } = tally;
const lost = tally.missing();
const figures = { sent, acknowledged, consumed, lost, duplicated, longestSilenceMs: Math.round(longestSilenceMs) };
process.stdout.write(`${JSON.stringify({ seed, seconds: Number(values.seconds), ...counts, ...figures, problem })}\n`);
process.exitCode = lost === 0 && acknowledged > 0 && problem === undefined ? 0 : 1;
