import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from '@swc/core';

describe('the example of the README', () => {
  it('runs and prints what it says', async () => {
    const text = readFileSync(join(__dirname, '../README.md'), 'utf8');
    const [, source] = /```ts\n([\s\S]*?)```/.exec(text) ?? [];
    const [, promised] = /\/\/ (.*)/.exec(source ?? '') ?? [];
    const { code } = transformSync(source ?? '', {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    const directory = mkdtempSync(`${tmpdir()}/broker-readme-`);
    const properties = new Map([
      ['listenPort', '0'],
      ['bindAddress', '127.0.0.1'],
      ['storePathRootDir', directory],
      ['mappedFileSizeCommitLog', '1048576'],
    ]);
    const module = { exports: {} as { example?: (properties: Map<string, string>) => Promise<string> } };
    const load = (name: string): unknown => jest.requireActual(name === '@batonmq/broker' ? '../src' : name);
    new Function('module', 'exports', 'require', code)(module, module.exports, load);
    try {
      expect(await module.exports.example?.(properties)).toBe(promised);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }, 60_000);
});
