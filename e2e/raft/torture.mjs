// Three processes of a counter service on @batonmq/raft, while members, and more often than others who leads, are killed,
// frozen and cut off at random, also in one direction only, and now and then all are killed at once; then everything is
// healed, and the history, with reads by ReadIndex and by lease, must be linearizable with nothing lost. Ends with one JSON line; exit code 1 when
// something is wrong. Needs a build.
//
//   node e2e/raft/torture.mjs [--minutes 1] [--seed 1] [--proxies]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { judge } from './history.mjs';
import { makeNetwork } from './network.mjs';
import { Service } from './service.mjs';

const SIZE = 3;
const CLIENTS = 6;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(process.pid) },
    proxies: { type: 'boolean', default: false },
  },
});

let state = Number(values.seed) >>> 0;
/** mulberry32: the faults of a seed come in the same order; the rest of the world does not obey. */
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const between = (low, high) => low + random() * (high - low);

const network = await makeNetwork(SIZE, { proxies: values.proxies });
const service = new Service(network, SIZE);
const faults = [];
const total = { seconds: 0, seed: Number(values.seed), network: network.kind, kills: 0, freezes: 0, partitions: 0 };
Object.assign(total, { oneWay: 0, outages: 0, ofLeaders: 0 });
/** Who acknowledged an increment last, and when. */
let leader = 0;
let progressMs = 0;
let longestGapMs = 0;
service.onUnexpectedEnd = (i, how) => faults.push(`n${i} ended by itself with ${how}`);
const history = [];
let running = true;
let disturbed = 0;

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await service.stop();
    network.remove();
    process.exit(130);
  });
}

try {
  const began = performance.now();
  for (let i = 0; i < SIZE; i++) await service.start(i);
  const clients = Array.from({ length: CLIENTS }, (_, i) => client(i));
  const end = began + Number(values.minutes) * 60_000;
  while (performance.now() < end) {
    await sleep(between(300, 2000));
    await disturb();
  }
  running = false;
  await Promise.all(clients);
  const members = await settle();
  total.seconds = Math.round((performance.now() - began) / 1000);
  const finals = new Set(members.map(({ value, chain }) => `${value} ${chain}`));
  if (finals.size !== 1) faults.push(`members disagree: ${[...finals].join(' | ')}`);
  faults.push(...judge(history, members[0].value));
  report(members[0].value);
} catch (error) {
  faults.push(String(error));
} finally {
  await service.stop();
  network.remove();
}
console.log(JSON.stringify({ ...total, faults: faults.slice(0, 20) }));
process.exit(faults.length === 0 ? 0 : 1);

/** Asks whoever it takes for the leader; three increments for a read. */
async function client(number) {
  let to = number % SIZE;
  for (let n = 0; running; n++) {
    const kind = n % 4 === 3 ? 'read' : 'increment';
    const operation = { kind, began: performance.now() };
    const { value, error, leaderHint } = await service.ask(to, n % 8 === 7 ? 'leaseRead' : kind, `${number}.${n}`);
    if (error === undefined) {
      history.push({ ...operation, value, ended: performance.now() });
      if (kind === 'increment') progress(to);
    } else if (kind === 'increment' && !didNotHappen(error)) history.push(operation);
    if (error !== undefined) {
      to = leaderHint === undefined ? (to + 1) % SIZE : Number(leaderHint.slice(1));
      await sleep(20);
    }
  }
}

function progress(by) {
  const now = performance.now();
  if (progressMs > 0) longestGapMs = Math.max(longestGapMs, now - progressMs);
  progressMs = now;
  leader = by;
}

function didNotHappen(error) {
  return error === 'NOT_LEADER' || error === 'DROPPED' || error === 'NOT_SENT';
}

/** One fault, or two at a time: then there may be no majority for a while. */
async function disturb() {
  const first = random() < 0.4 ? leader : Math.floor(random() * SIZE);
  if (first === leader) total.ofLeaders++;
  const lot = random();
  if (lot < 0.05) return outage();
  const targets = lot < 0.25 ? [first, (first + 1) % SIZE] : [first];
  await Promise.all(targets.map((i) => fault(i)));
}

/** The power fails. */
async function outage() {
  total.outages++;
  const all = Array.from({ length: SIZE }, (_, i) => i);
  await Promise.all(all.map((i) => service.kill(i)));
  await Promise.all(all.map((i) => service.start(i)));
}

async function fault(i) {
  // One of each kind first, then as it comes: also a short run, on a slow machine, has seen all of them.
  const pick = [0, 0.5, 0.8][disturbed++] ?? random();
  const lengthMs = between(200, 3000);
  if (pick < 0.4) {
    total.kills++;
    await service.kill(i);
    await sleep(lengthMs / 3);
    await service.start(i);
  } else if (pick < 0.7) {
    total.freezes++;
    service.signal(i, 'SIGSTOP');
    await sleep(lengthMs);
    service.signal(i, 'SIGCONT');
  } else {
    total.partitions++;
    const way = ['both', 'both', 'mute', 'deaf'][Math.floor(random() * 4)];
    if (way !== 'both') total.oneWay++;
    network.cut(i, way);
    await sleep(lengthMs);
    network.heal(i);
  }
}

/** @returns the status of all members once there is a leader and all have applied everything */
async function settle() {
  for (let tries = 0; tries < 600; tries++) {
    await sleep(100);
    const answers = await Promise.all(Array.from({ length: SIZE }, (_, i) => service.ask(i, 'status')));
    const members = answers.map(({ value }) => value);
    if (members.some((one) => one === undefined)) continue;
    const leader = members.find(({ ready }) => ready);
    if (leader !== undefined && members.every(({ appliedIndex }) => appliedIndex === leader.lastIndex)) return members;
  }
  throw new Error('the members do not come together again');
}

function report(final) {
  const count = (kind) => history.filter((one) => one.kind === kind && one.ended !== undefined).length;
  total.acknowledged = count('increment');
  total.reads = count('read');
  total.longestGapMs = Math.round(longestGapMs);
  total.unknown = history.filter(({ ended }) => ended === undefined).length;
  total.final = final;
}
