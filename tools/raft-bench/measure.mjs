import { setTimeout as sleep } from 'node:timers/promises';
import { createRequire } from 'node:module';
import { Group } from './group.mjs';
import { percentiles } from './percentiles.mjs';

const require = createRequire(import.meta.url);
const { LevelStorage } = require('@batonmq/raft');

const IN_FLIGHT = [1, 16, 256];

/** Commits per second and latency under 1, 16 and 256 proposers in the leader's process; resident memory before it. */
export async function measureLoad({ seconds, execArgv, say }) {
  const group = await Group.start(3, { execArgv });
  const perSecond = {};
  const p99Ms = {};
  try {
    await group.whenLed();
    await sleep(1000);
    const rss = (await group.askAll({ rss: true })).map(({ rssMb }) => rssMb);
    // Until the code is compiled: the commonest case first, then each.
    await group.ask(await group.whenLed(), { load: true, seconds: 6, inFlight: 256 });
    for (const inFlight of IN_FLIGHT) {
      await group.ask(await group.whenLed(), { load: true, seconds: 3, inFlight });
      const result = await group.ask(await group.whenLed(), { load: true, seconds, inFlight });
      perSecond[inFlight] = result.perSecond;
      p99Ms[inFlight] = result.p99;
      say(`${inFlight} in flight`, result);
    }
    return { perSecond, p99Ms, rssMb: Math.round(Math.max(...rss)) };
  } finally {
    await group.stop();
  }
}

/** Latency of a decision of two of three without Raft: see floor-member.mjs. */
export async function measureFloor({ seconds, say }) {
  const group = await Group.start(3, { member: './floor-member.mjs' });
  try {
    await group.ask(0, { seconds: 2 });
    const { median, p99, ...rest } = await group.ask(0, { seconds });
    say('floor', { median, p99, ...rest });
    return { median, p99 };
  } finally {
    await group.stop();
  }
}

/** From kill -9 of the leader to the next one's first commit, as a third process sees it. */
export async function measureElections({ rounds, say }) {
  const group = await Group.start(3);
  const times = [];
  try {
    await group.whenLed();
    for (let n = 1; n <= rounds; n++) {
      const old = await group.whenLed();
      await caughtUp(group, old);
      const from = performance.now();
      const gone = group.kill(old);
      await group.whenLed();
      times.push(performance.now() - from);
      await gone;
      await group.spawn(old);
      if (n % 20 === 0) say(`${n} elections`, percentiles(times));
    }
    const { median, p99 } = percentiles(times);
    return { median, p99 };
  } finally {
    await group.stop();
  }
}

/** Who was restarted votes like the others only when it has everything. */
async function caughtUp(group, leader) {
  for (;;) {
    const { followers } = await group.ask(leader, { status: true });
    if (followers.length === 2 && followers.every(({ lag }) => lag === 0)) return sleep(200);
    await sleep(20);
  }
}

/** From the start of a process with `entries` log entries above its last snapshot to the moment all are applied. */
export async function measureRecovery({ entries, say }) {
  const options = { snapshotEveryEntries: 0 };
  const started = {};
  const group = await Group.start(1, {
    options,
    prepare: async (directory) => {
      await fill(directory, entries);
      started.at = performance.now();
    },
  });
  try {
    await group.whenLed();
    const recoveryMs = Math.round(performance.now() - started.at);
    const { appliedIndex } = await group.ask(0, { status: true });
    const { rssMb } = await group.ask(0, { rss: true });
    say('recovery', { recoveryMs, appliedIndex, rssMb: Math.round(rssMb) });
    if (appliedIndex < entries) throw new Error(`applied ${appliedIndex} of ${entries}`);
    return recoveryMs;
  } finally {
    await group.stop();
  }
}

async function fill(directory, count) {
  const storage = new LevelStorage(directory);
  await storage.open();
  const data = Buffer.alloc(256, 1);
  for (let first = 1; first <= count; first += 1000) {
    const length = Math.min(1000, count - first + 1);
    const entries = Array.from({ length }, (_, i) => ({ index: first + i, term: 1, kind: 'data', data }));
    await storage.write({ hardState: { term: 1, votedFor: 'n0' }, entries });
  }
  await storage.close();
}

/** How late heartbeats leave and arrive while the leader's process is saturated; more often than usual, to count many. */
export async function measureHeartbeats({ seconds, execArgv, say }) {
  const heartbeatMs = 25;
  const group = await Group.start(3, { options: { heartbeatMs }, execArgv });
  try {
    const leader = await group.whenLed();
    await group.ask(leader, { load: true, seconds: 2, inFlight: 256 });
    await group.askAll({ heartbeats: true });
    const load = await group.ask(leader, { load: true, seconds, inFlight: 256 });
    const seen = await group.askAll({ heartbeats: true });
    const late = (gaps) => percentiles(gaps.map((gap) => Math.max(0, gap - heartbeatMs)));
    const sent = late(seen[leader].sent);
    const arrived = late(seen.filter((_, i) => i !== leader).flatMap(({ arrived }) => arrived));
    say('heartbeats late', { count: seen[leader].sent.length, sent, arrived, perSecond: load.perSecond });
    return { sentP999: sent.p999, arrivedP999: arrived.p999, elections: seen.reduce((n, m) => n + m.elections, 0) };
  } finally {
    await group.stop();
  }
}
