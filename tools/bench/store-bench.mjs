// Our store against RocketMQ's (org.apache.rocketmq:rocketmq-store 5.4.0), driven alike in the same run, in turns.
// npx nx run broker-store:bench, or node tools/bench/store-bench.mjs --help. The last line is JSON: medians, more is better for us.
//
// What makes the two sides alike:
// - Twins (store-bench-ours.mjs, StoreBench.java): the same messages, queues, window of puts in flight, pulls of 32 messages and
//   copies of what was pulled (as a socket makes one). A part's first steps warm up and do not count.
// - Each measurement is a process of its own on a new directory; they take turns, and the one that begins changes.
// - Rates are by the clock; CpuNs is the CPU time of all threads per message, which a busy machine disturbs less.
// - P99Us is with all of the window in flight where the store lets the caller wait: RocketMQ answers an ASYNC_FLUSH put within
//   the call, so that nothing is ever in flight there; ours answers the window at the end of the turn, after one write.
// - Cold reads: see coldRead; what did not come from the disk ends the run.
// - Memory: RssAnon after the appends and tail reads, what the process has to itself; the page cache is the system's and so in
//   neither figure, whether mapped (Java's log, queues, index) or not. Ours as the launchers start it: node without options. Java
//   with -Xmx1g, an eighth of runbroker.sh's heap, and free to begin with less (runbroker.sh takes all of it at once).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const USAGE = `usage: node tools/bench/store-bench.mjs [--rounds 3] [--messages 100000] [--sync-messages 20000] [--cold-mb 1024]
       [--recovery-mb 4096] [--topics 1000] [--dir DIRECTORY] [--only append,sync,cold,recovery]
Needs a JDK and Maven, and Linux. Sizes of --recovery-mb are written four times; with the defaults 18 GB of disk are used for some minutes.
`;
const HERE = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const MAKES = ['ours', 'java'];
/**
 * One takes some hundredths of a second only. The first ones warm up: both sides become several times faster until their compilers
 * are done, which takes about so many. Of the others the middle one counts.
 */
const WARM_UPS = 20;
const TAIL_READS = 9;
/** Of appends, by the size of a body. */
const NAMES = { 128: 'append128', 1024: 'append1k', 4096: 'append4k' };

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    messages: { type: 'string', default: '100000' },
    'sync-messages': { type: 'string', default: '20000' },
    'cold-mb': { type: 'string', default: '1024' },
    'recovery-mb': { type: 'string', default: '4096' },
    topics: { type: 'string', default: '1000' },
    dir: { type: 'string', default: tmpdir() },
    only: { type: 'string', default: 'append,sync,cold,recovery' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const rounds = Number(values.rounds);
const messages = Number(values.messages);
const only = new Set(values.only.split(','));
const root = mkdtempSync(join(values.dir, 'store-bench-'));
const say = (text) => process.stderr.write(`${text}\n`);

/** figures[name][make] is a list, one number per round. */
const figures = {};
const note = (name, make, value) => (figures[name] ??= { ours: [], java: [] })[make].push(value);

async function javaCommand() {
  const programs = join(HERE, '..', '..', 'e2e', 'dist', 'java-programs.js');
  if (!existsSync(programs)) throw new Error(`${programs} is not there: run npm run build`);
  for (const [command, flag] of [
    ['javac', '-version'],
    ['mvn', '-v'],
  ]) {
    try {
      execFileSync(command, [flag], { stdio: 'ignore' });
    } catch {
      throw new Error(`the comparison needs a JDK and Maven; ${command} does not run`);
    }
  }
  const classPath = await require(programs).compiledPrograms('store-5.4.0');
  const home = join(root, 'java-home');
  mkdirSync(home);
  const opened = ['java.nio', 'java.lang', 'jdk.internal.ref', 'sun.nio.ch'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  );
  const flags = [
    '-Xmx1g',
    '-XX:-UsePerfData',
    `-Duser.home=${home}`,
    '-Drocketmq.broker.diskSpaceWarningLevelRatio=0.99',
  ];
  return { command: 'java', args: [...flags, ...opened, '-cp', classPath, 'batonmq.e2e.StoreBench'] };
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const commands = {
  ours: { command: process.execPath, args: [join(HERE, 'store-bench-ours.mjs')] },
  java: await javaCommand(),
};

/** Runs the steps in a process of its own, which is killed with SIGKILL after the last one. */
async function run(make, dir, steps, { sync = false, fileMb = 0 } = {}) {
  const { command, args } = commands[make];
  const given = [`dir=${dir}`, `sync=${sync ? 1 : 0}`, `fileMb=${fileMb}`, `port=${await freePort()}`];
  given.push(`steps=${steps.join(',')}`);
  const child = spawn(command, [...args, ...given], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (bytes) => (errors = (errors + bytes).slice(-4000)));
  child.stdin.on('error', () => {});
  const seen = [];
  const ended = new Promise((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    seen.push(JSON.parse(line));
    if (seen.length === steps.length + 1) child.kill('SIGKILL');
  }
  await ended;
  if (seen.length !== steps.length + 1) throw new Error(`${make} ended early:\n${errors}`);
  return seen;
}

async function inTurns(work) {
  for (let round = 0; round < rounds; round++) {
    // who goes first changes, so that neither always meets the other's dirty pages
    for (const make of round % 2 === 0 ? MAKES : [...MAKES].reverse()) await work(make, round);
  }
}

async function append() {
  const many = [
    [128, messages],
    [4096, Math.ceil(messages / 4)],
    [1024, messages], // the last one, so that tail reads find these
  ];
  await inTurns(async (make, round) => {
    const dir = join(root, `append-${make}-${round}`);
    const steps = [
      `append:1024:${messages}`,
      ...many.map(([bytes, count]) => `append:${bytes}:${count}`),
      ...Array.from({ length: WARM_UPS + TAIL_READS }, () => 'read'),
      'memory',
    ];
    const events = await run(make, dir, steps);
    const measured = events.filter(({ event }) => event === 'append').slice(1); // the first warms up
    for (const { bytes, perSecond, p99Us, cpuNs, dispatchedPerSecond } of measured) {
      const name = NAMES[bytes];
      note(name, make, perSecond);
      note(`${name}P99Us`, make, p99Us);
      note(`${name}CpuNs`, make, cpuNs);
      if (bytes === 1024) note('dispatch', make, dispatchedPerSecond);
    }
    const reads = events.filter(({ event }) => event === 'read').slice(WARM_UPS);
    note('tailRead', make, median(reads.map(({ perSecond }) => perSecond)));
    note('tailReadCpuNs', make, median(reads.map(({ cpuNs }) => cpuNs)));
    note('memory', make, events.at(-1).kib);
    rmSync(dir, { recursive: true });
  });
}

async function syncAppend() {
  const count = Number(values['sync-messages']);
  await inTurns(async (make, round) => {
    const dir = join(root, `sync-${make}-${round}`);
    const steps = [1024, 128, 4096, 1024].map((bytes) => `append:${bytes}:${count}`);
    const events = await run(make, dir, steps, { sync: true });
    const measured = events.filter(({ event }) => event === 'append').slice(1); // the first warms up
    for (const { bytes, perSecond, p99Us } of measured) {
      const name = `${NAMES[bytes]}Sync`;
      note(name, make, perSecond);
      note(`${name}P99Us`, make, p99Us);
    }
    rmSync(dir, { recursive: true });
  });
}

/** Takes a directory's files out of the page cache, as far as the system follows the advice. */
function evict(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    execFileSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'ignore' });
  }
}

/**
 * Both stores read their newest log file when they are opened, so the log has many, and only its first three quarters are read. The
 * tail is read before, which warms up the code. What came from the disk is counted, so that nobody reads from memory unnoticed.
 *
 * A virtual machine may have given its free memory back to its host, and then pays for every page that a file is read into: several
 * times what reading it costs, and more for one side or the other as the turns happen to fall. So just before, each reads a file of
 * holes as long as the log and removes it, which leaves memory as the log will need it.
 */
async function coldRead() {
  const megabytes = Number(values['cold-mb']);
  if (megabytes < 128) throw new Error('--cold-mb: at least 128, so that the tail reads stay in the last quarter');
  const options = { fileMb: Math.max(1, Math.floor(megabytes / 16)) };
  for (const make of MAKES) await run(make, join(root, `cold-${make}`), [`write:${megabytes}:1`, 'stop'], options);
  await inTurns(async (make) => {
    const dir = join(root, `cold-${make}`);
    evict(dir);
    const events = await run(
      make,
      dir,
      [...Array(WARM_UPS).fill('read'), `backMemory:${megabytes + 512}`, 'readOld', 'stop'],
      options,
    );
    const { perSecond, cpuNs, bytes, diskBytes } = events.filter(({ event }) => event === 'read')[WARM_UPS];
    if (diskBytes < bytes * 0.8)
      throw new Error(`${make} read ${bytes} bytes, only ${diskBytes} of them from the disk`);
    note('coldRead', make, perSecond);
    note('coldReadCpuNs', make, cpuNs);
  });
  for (const make of MAKES) rmSync(join(root, `cold-${make}`), { recursive: true });
}

/** Opening a store again and again after kill -9; the checkpoint stays where the first kill left it. */
async function recovery() {
  for (const topics of [1, Number(values.topics)]) {
    const name = `recovery${topics}TopicsMs`;
    for (const make of MAKES) {
      await run(make, join(root, `recovery-${make}`), [`write:${values['recovery-mb']}:${topics}`]);
    }
    await inTurns(async (make) => {
      const [opened] = await run(make, join(root, `recovery-${make}`), []);
      note(name, make, opened.ms);
    });
    for (const make of MAKES) rmSync(join(root, `recovery-${make}`), { recursive: true });
  }
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const round = (value) => Math.round(value * 100) / 100;
const ratio = (name) => {
  const of = figures[name];
  if (of === undefined) return null;
  const lessIsBetter = /Ms$|Us$|Ns$|^memory$/.test(name);
  const [ours, java] = [median(of.ours), median(of.java)];
  return round(lessIsBetter ? java / ours : ours / java);
};

try {
  for (const [name, part] of Object.entries({ append, sync: syncAppend, cold: coldRead, recovery })) {
    if (!only.has(name)) continue;
    const from = performance.now();
    await part();
    say(`${name}: ${Math.round((performance.now() - from) / 1000)} s`);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
for (const [name, of] of Object.entries(figures)) {
  const unit = /P99Us$/.test(name)
    ? 'us'
    : /Ns$/.test(name)
      ? 'ns'
      : /Ms$/.test(name)
        ? 'ms'
        : name === 'memory'
          ? 'KiB'
          : '/s';
  const spread = (list) => `${Math.round(median(list))} [${list.map((value) => Math.round(value)).join(' ')}]`;
  say(`${name.padEnd(24)} ours ${spread(of.ours)}  java ${spread(of.java)} ${unit}  ratio ${ratio(name)}`);
}
const recoveries = Object.keys(figures).filter((name) => name.startsWith('recovery'));
const names = ['append128', 'append1k', 'append4k', 'append1kSync', 'dispatch', 'tailRead', 'coldRead'];
const ratioToJava = {
  ...Object.fromEntries(names.map((name) => [name, ratio(name)])),
  // of the two numbers of topics, the one in which we are worse
  recovery: recoveries.length === 0 ? null : Math.min(...recoveries.map(ratio)),
  memory: ratio('memory'),
};
process.stdout.write(`${JSON.stringify({ ratioToJava })}\n`);
