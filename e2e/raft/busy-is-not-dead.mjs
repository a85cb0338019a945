// A leader that is saturated with proposals, its collector under pressure and its disk slow, is busy and not dead: no
// election, for as long as it lasts; `preVotes` tells how often a member asked whether the others would want one. Ends
// with one JSON line; exit code 1 when there was an election. Needs a build.
//
// `slowdown` tells how much longer work takes in a process of its own than it needs of a core: beyond 4 the machine has so
// much else to do that a member may be kept from running for longer than an election timeout, and nothing is shown.
//
//   node e2e/raft/busy-is-not-dead.mjs [--minutes 0.5] [--disk-ms 20] [--objects 500000] [--in-flight 1000]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Loopback } from './network.mjs';
import { Service } from './service.mjs';

const SIZE = 3;
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '0.5' },
    'disk-ms': { type: 'string', default: '20' },
    objects: { type: 'string', default: '500000' },
    'in-flight': { type: 'string', default: '1000' },
  },
});
const seconds = Number(values.minutes) * 60;
const trouble = { diskMs: Number(values['disk-ms']), objects: Number(values.objects) };
/** The defaults of a node: what is shown here is that they are enough. */
const options = { electionTimeoutMs: 1000, heartbeatMs: 150, snapshotEveryEntries: 10_000, timeoutMs: 60_000 };

const network = await Loopback.make(SIZE);
const service = new Service(network, SIZE, { trouble, options });
const result = {
  seconds,
  ...trouble,
  inFlight: Number(values['in-flight']),
  elections: 0,
  preVotes: 0,
  perSecond: 0,
  slowdown: 1,
  faults: [],
};
service.onUnexpectedEnd = (i, how) => result.faults.push(`n${i} ended by itself with ${how}`);
try {
  await Promise.all(Array.from({ length: SIZE }, (_, i) => service.start(i)));
  const before = await whenLed();
  const leader = before.findIndex(({ ready }) => ready);
  const more = { seconds, inFlight: result.inFlight };
  const stopWatching = watchMachine();
  const { value, error } = await service.ask(leader, 'load', '', seconds * 1000 + 90_000, more);
  if (error !== undefined) result.faults.push(`the load ended with ${error}`);
  result.slowdown = stopWatching();
  const after = await statuses();
  result.perSecond = Math.round((value ?? 0) / seconds);
  for (const name of ['elections', 'preVotes']) result[name] = sum(after, name) - sum(before, name);
  const terms = new Set([...before, ...after].map(({ term }) => term));
  if (terms.size !== 1) result.faults.push(`terms ${[...terms].join(', ')}`);
  if (result.elections > 0) result.faults.push(`${result.elections} elections`);
} catch (error) {
  result.faults.push(String(error));
} finally {
  await service.stop();
  network.remove();
}
console.log(JSON.stringify(result));
process.exit(result.faults.length === 0 ? 0 : 1);

/** @returns ends it: the time that 10 ms of a core took, now and then, as a multiple of them */
function watchMachine() {
  let wallMs = 0;
  let cpuMs = 0;
  const timer = setInterval(() => {
    const from = performance.now();
    const cpu = process.cpuUsage();
    for (let used = 0; used < 10; used = (process.cpuUsage(cpu).user + process.cpuUsage(cpu).system) / 1000);
    wallMs += performance.now() - from;
    const { user, system } = process.cpuUsage(cpu);
    cpuMs += (user + system) / 1000;
  }, 500);
  return () => {
    clearInterval(timer);
    return cpuMs === 0 ? 1 : Number((wallMs / cpuMs).toFixed(1));
  };
}

function sum(members, name) {
  return members.reduce((total, member) => total + member[name], 0);
}

async function statuses() {
  const answers = await Promise.all(Array.from({ length: SIZE }, (_, i) => service.ask(i, 'status', '', 30_000)));
  return answers.map(({ value }) => value);
}

async function whenLed() {
  for (let tries = 0; tries < 300; tries++) {
    const members = await statuses();
    const leader = members.find(({ ready }) => ready);
    if (leader !== undefined && members.every(({ term }) => term === leader.term)) return members;
    await sleep(100);
  }
  throw new Error('no leader');
}
