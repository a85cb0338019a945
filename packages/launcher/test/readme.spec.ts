import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from '@swc/core';

describe('the example of the README', () => {
  it('starts, says it is ready, and ends with a signal', async () => {
    const text = readFileSync(join(__dirname, '../README.md'), 'utf8');
    const [, source] = /```ts\n([\s\S]*?)```/.exec(text) ?? [];
    const { code } = transformSync(source ?? '', {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    const module = { exports: {} as { main?: (argv: string[]) => Promise<number> } };
    const load = (name: string): unknown => jest.requireActual(name === '@batonmq/launcher' ? '../src' : name);
    new Function('module', 'exports', 'require', code)(module, module.exports, load);

    const directory = mkdtempSync(`${tmpdir()}/launcher-readme-`);
    writeFileSync(`${directory}/greeter.conf`, 'greeting = good day\n');
    // Jest's own channel to its workers is not ours to talk to.
    Object.defineProperty(process, 'channel', { value: undefined, configurable: true });
    Object.defineProperty(process, 'send', { value: undefined, configurable: true });
    const said: string[] = [];
    const written = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      said.push(String(chunk).trim());
      if (String(chunk).startsWith('greeter says')) process.emit('SIGTERM', 'SIGTERM');
      return true;
    });
    try {
      const exitCode = await module.exports.main?.(['node', 'greeter', '-c', `${directory}/greeter.conf`]);
      expect(exitCode).toBe(0);
      expect(said).toContain('greeter says: good day');
    } finally {
      written.mockRestore();
      rmSync(directory, { recursive: true });
    }
  }, 60_000);
});
