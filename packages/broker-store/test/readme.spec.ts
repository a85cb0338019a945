import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import * as host from '@batonmq/host';
import * as brokerStore from '../src/index';
import { removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

it('the example of README.md runs', async () => {
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] as string;
  const { code } = transformSync(example, { jsc: { parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } });
  const module = { exports: {} as { storeAndRead(directory: string): Promise<string> } };
  const quiet = { ...host, nodeHost: () => host.nodeHost(host.silentLog) };
  const modules: Record<string, unknown> = { '@batonmq/host': quiet, '@batonmq/broker-store': brokerStore };
  new Function('require', 'module', 'exports', code)((name: string) => modules[name], module, module.exports);
  expect(await module.exports.storeAndRead(tempRoot())).toBe('hello');
});
