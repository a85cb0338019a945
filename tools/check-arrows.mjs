// Plants what the lint rules forbid, one violation of each kind, and fails unless each is caught.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

const plants = [
  {
    project: 'raft',
    rule: '@nx/enforce-module-boundaries',
    what: 'an engine imports a service',
    code: `import { Controller } from '@batonmq/controller';\nexport const planted = Controller;\n`,
  },
  {
    project: 'broker-ha',
    rule: '@nx/enforce-module-boundaries',
    what: 'an engine imports a sister engine',
    code: `import { MessageStore } from '@batonmq/broker-store';\nexport const planted = MessageStore;\n`,
  },
  {
    project: 'namesrv',
    rule: '@nx/enforce-module-boundaries',
    what: 'a service imports a sister service',
    code: `import { Controller } from '@batonmq/controller';\nexport const planted = Controller;\n`,
  },
  {
    project: 'controller',
    rule: 'no-restricted-imports',
    what: 'a node: module outside the host',
    code: `import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;\n`,
  },
  {
    project: 'broker',
    rule: 'no-restricted-properties',
    what: 'the wall clock outside the host',
    code: `export const planted = (): number => Date.now();\n`,
  },
  {
    project: 'client',
    rule: 'no-restricted-globals',
    what: 'a timer outside the host',
    code: `export const planted = (): unknown => setTimeout(() => {}, 1);\n`,
  },
  {
    project: 'remoting',
    rule: 'no-restricted-syntax',
    what: 'a way around through globalThis',
    code: `export const planted = (): unknown => globalThis.queueMicrotask;\n`,
  },
];

let missed = 0;
for (const { project, rule, what, code } of plants) {
  const file = `packages/${project}/src/planted-violation.ts`;
  writeFileSync(file, code);
  try {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['tools/nx.mjs', 'run', `@batonmq/${project}:lint`, '--skip-nx-cache'],
      { encoding: 'utf8' },
    );
    const caught = (stdout + stderr).includes(rule);
    console.log(`${caught ? 'caught' : 'MISSED'}: ${what} (${rule})`);
    if (!caught) {
      missed += 1;
      console.log(stdout.slice(-2000));
    }
  } finally {
    rmSync(file);
  }
}
process.exit(missed === 0 ? 0 : 1);
