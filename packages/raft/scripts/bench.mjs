// Commits per second and latency of three members in three processes on level and RSocket, 256-byte entries, at 1, 16
// and 256 proposals in flight; then elections after kill -9 of the leader. Needs a build. Ends with one JSON line.
// --seconds N per measurement (5), --elections N (20)
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const FIRST_PORT = 21870;
if (process.argv[2] === 'member') await member(Number(process.argv[3]), process.argv[4]);
else await conduct();

async function member(i, directory) {
  const require = createRequire(import.meta.url);
  const { RaftNode, LevelStorage, RSocketTransport } = require('../dist/index.js');
  const { nodeHost, silentLog } = require('@batonmq/host');
  const host = nodeHost(silentLog);
  const peers = [0, 1, 2].map((n) => ({ id: `n${n}`, address: `127.0.0.1:${FIRST_PORT + n}` }));
  const machine = { apply: (data) => data.subarray(0, 0), snapshot: () => Buffer.alloc(8), restore: () => {} };
  const node = new RaftNode({
    host,
    id: `n${i}`,
    group: 'bench',
    peers,
    storage: new LevelStorage(join(directory, `n${i}`)),
    transport: new RSocketTransport(host, { listen: { host: '127.0.0.1', port: FIRST_PORT + i } }),
    machine,
  });
  node.onRoleChange(({ ready }) => process.send({ ready, i }));
  process.on('message', async ({ seconds, inFlight }) => process.send({ result: await load(seconds, inFlight) }));
  process.on('disconnect', () => process.exit(0));
  await node.start();

  async function load(seconds, inFlight) {
    const data = Buffer.alloc(256, 1);
    const latencies = [];
    const end = performance.now() + seconds * 1000;
    const proposer = async () => {
      for (let now = performance.now(); now < end;) {
        await node.propose(data);
        const done = performance.now();
        latencies.push(done - now);
        now = done;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, proposer));
    const { p50, p99 } = percentiles(latencies);
    return { perSecond: Math.round(latencies.length / seconds), p50, p99, rssMb: process.memoryUsage().rss >> 20 };
  }
}

function percentiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2));
  return { p50: at(0.5), p99: at(0.99) };
}

async function conduct() {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '5' }, elections: { type: 'string', default: '20' } },
  });
  const directory = mkdtempSync(join(tmpdir(), 'raft-bench-'));
  const children = [];
  let leader;
  let onLeader = () => {};
  const spawn = (i) => {
    children[i] = fork(fileURLToPath(import.meta.url), ['member', String(i), directory]);
    children[i].on('message', (message) => {
      if (message.ready === true) onLeader((leader = message.i));
      if (message.ready === false && leader === message.i) leader = undefined;
      if (message.result !== undefined) children[i].emit('result', message.result);
    });
  };
  const led = () => (leader === undefined ? new Promise((resolve) => (onLeader = resolve)) : Promise.resolve(leader));
  [0, 1, 2].forEach(spawn);
  const total = { perSecond: {}, p50Ms: {}, p99Ms: {}, electionMs: {}, rssMb: 0 };
  for (const inFlight of [16, 1, 16, 256]) {
    const child = children[await led()];
    child.send({ seconds: Number(values.seconds), inFlight });
    const { perSecond, p50, p99, rssMb } = await new Promise((resolve) => child.once('result', resolve));
    total.perSecond[inFlight] = perSecond;
    total.p50Ms[inFlight] = p50;
    total.p99Ms[inFlight] = p99;
    total.rssMb = rssMb;
    console.error(`${inFlight} in flight: ${perSecond}/s, p50 ${p50} ms, p99 ${p99} ms`);
  }
  const elections = [];
  for (let n = 0; n < Number(values.elections); n++) {
    const old = await led();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const began = performance.now();
    leader = undefined;
    children[old].kill('SIGKILL');
    await led();
    elections.push(performance.now() - began);
    spawn(old);
  }
  const { p50: median, p99 } = percentiles(elections);
  total.electionMs = { median, p99 };
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
  console.log(JSON.stringify(total));
  process.exit(0);
}
