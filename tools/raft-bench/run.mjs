// Speed of @batonmq/raft: three members in three processes on level with synced writes and RSocket, 256-byte entries, all
// on two cores. Commits per second and p99 at 1, 16 and 256 proposals in flight; a new leader after kill -9; recovery of
// a long log; memory at rest. Beside the load it measures what the same disk and network take for one decision of two of
// three without Raft (floorMs), which is what p99Ms of one proposer is to be compared with. Ends with one JSON line. Needs a build.
//
//   npx nx run raft:bench [--seconds 10] [--rounds 100] [--entries 1000000]
//     --only load,elections,recovery,heartbeats    just these (heartbeats are only measured when named)
//     --profile DIRECTORY                          V8 CPU profiles of the members under load
//     --node-flags=--max-semi-space-size=4         how node runs the members (load and heartbeats)
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { calibrate } from './calibration.mjs';
import { measureElections, measureFloor, measureHeartbeats, measureLoad, measureRecovery } from './measure.mjs';
import { round } from './percentiles.mjs';

const CORES = 2;
if (availableParallelism() > CORES && process.env.RAFT_BENCH_PINNED === undefined) onTwoCores();

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '100' },
    entries: { type: 'string', default: '1000000' },
    only: { type: 'string', default: 'load,elections,recovery' },
    profile: { type: 'string' },
    'node-flags': { type: 'string', default: '' },
  },
});
const only = new Set(values.only.split(','));
const execArgv = values['node-flags'].split(' ').filter((flag) => flag !== '');
if (values.profile !== undefined) execArgv.push('--cpu-prof', `--cpu-prof-dir=${values.profile}`);
const seconds = Number(values.seconds);
const say = (what, result) => console.error(`${what}: ${JSON.stringify(result)}`);

say('this machine now', calibrate());
const none = { 1: 0, 16: 0, 256: 0 };
const total = { perSecond: none, p99Ms: none, electionMs: { median: 0, p99: 0 }, recoveryMs: 0, rssMb: 0 };
if (only.has('load')) {
  const before = await measureFloor({ seconds: seconds / 2, say });
  Object.assign(total, await measureLoad({ seconds, execArgv, say }));
  const after = await measureFloor({ seconds: seconds / 2, say });
  total.floorMs = { median: round((before.median + after.median) / 2), p99: round((before.p99 + after.p99) / 2) };
}
if (only.has('elections')) total.electionMs = await measureElections({ rounds: Number(values.rounds), say });
if (only.has('recovery')) total.recoveryMs = await measureRecovery({ entries: Number(values.entries), say });
if (only.has('heartbeats')) total.heartbeatLateMs = await measureHeartbeats({ seconds, execArgv, say });
say('this machine now', calibrate());
console.log(JSON.stringify(total));

/** The figures are for two cores, also on a bigger machine. */
function onTwoCores() {
  const args = ['-c', '0,1', process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const pinned = spawnSync('taskset', args, { stdio: 'inherit', env: { ...process.env, RAFT_BENCH_PINNED: '1' } });
  if (pinned.error === undefined) process.exit(pinned.status ?? 1);
  console.error(`taskset is missing: measured on ${availableParallelism()} cores, not ${CORES}`);
}
