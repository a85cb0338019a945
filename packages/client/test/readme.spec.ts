import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { FakeCluster } from './fake-cluster';

describe('the example of the README', () => {
  it('runs and prints what it says', async () => {
    const text = readFileSync(join(__dirname, '../README.md'), 'utf8');
    const [, source] = /```ts\n([\s\S]*?)```/.exec(text) ?? [];
    const [, promised] = /\/\/ (.*)/.exec(source ?? '') ?? [];
    const { code } = transformSync(source ?? '', {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    const module = { exports: {} as { example?: (nameServers: string) => Promise<string> } };
    const load = (name: string): unknown => jest.requireActual(name === '@batonmq/client' ? '../src' : name);
    new Function('module', 'exports', 'require', code)(module, module.exports, load);
    const cluster = new FakeCluster('Greetings');
    await cluster.server.start();
    try {
      expect(await module.exports.example?.(cluster.address)).toBe(promised);
    } finally {
      await cluster.server.stop();
    }
  }, 60_000);
});
