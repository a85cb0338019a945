// All suites, as `npm test` runs them: those that mostly wait beside those that need the processors, each group one by one.
// BATONMQ_E2E_SERIAL=1: all one by one. Single ones: npx jest suites/<name>
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const directory = fileURLToPath(new URL('.', import.meta.url));
const WAITING = 'suites/(timer-messages|upgrade-in-place|deployment-guide)';

/** @param quiet what it says is shown when it is over, so that two do not talk at once */
function run(args, quiet) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [jest, ...args], {
      cwd: directory,
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => said.push(bytes));
    child.once('close', (code) => resolve({ code: code ?? 1, said: Buffer.concat(said) }));
  });
}

if (process.env.BATONMQ_E2E_SERIAL === '1') {
  process.exitCode = (await run([], false)).code;
} else {
  const [waiting, busy] = await Promise.all([run([WAITING], true), run(['--testPathIgnorePatterns', WAITING], false)]);
  process.stderr.write(waiting.said);
  process.exitCode = waiting.code || busy.code;
}
