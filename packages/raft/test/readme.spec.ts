import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as hostModule from '@batonmq/host';
import * as ts from 'typescript';
import * as raft from '../src/index';
import { freePorts } from './cluster';

it('the example of the README runs as it stands', async () => {
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
  const [port] = await freePorts(1);
  const example = (/```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '').replaceAll('9870', String(port));
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const body = `exports.run = async () => {\n${example}\n}`;
  const code = ts.transpileModule(body, { compilerOptions }).outputText;
  const directory = mkdtempSync(join(tmpdir(), 'raft-readme-'));
  const printed: string[] = [];
  const names = {
    ...raft,
    nodeHost: () => hostModule.nodeHost(hostModule.silentLog),
    directory,
    console: { log: (text: string) => void printed.push(text) },
    exports: {} as { run?: () => Promise<void> },
  };
  new Function(...Object.keys(names), code)(...Object.values(names));
  await names.exports.run?.();
  rmSync(directory, { recursive: true, force: true });
  expect(printed).toEqual(['5']);
});
