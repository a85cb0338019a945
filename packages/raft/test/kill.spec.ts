import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelStorage } from '../src/index';

/**
 * A process of its own, on the source through typescript: writes one entry after the other, cuts and rewrites a tail now
 * and then, compacts the log into a snapshot, and says what is durable. Killed at any instant; what it said must be there.
 */
const child = `
const { readFileSync } = require('node:fs');
const ts = require('typescript');
require.extensions['.ts'] = (module, path) => {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  module._compile(ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions }).outputText, path);
};
const { LevelStorage } = require(process.argv[1] + '/src/storage/level.ts');
(async () => {
  const storage = new LevelStorage(process.argv[2]);
  const { hardState, base, entries } = await storage.open();
  let last = base.index + entries.length;
  let from = base.index;
  for (let term = hardState.term + 1; ; term++) {
    const cut = Math.max(from, last - (term % 7 === 0 ? 3 : 0));
    const count = 1 + (term % 20);
    const fresh = Array.from({ length: count }, (_, i) => ({ index: cut + 1 + i, term, kind: 'data', data: Buffer.alloc(200, term) }));
    last = cut + count;
    const point = { index: last, term };
    const compaction = term % 11 === 0 ? { base: point, snapshot: { ...point, data: Buffer.alloc(30000, term) } } : {};
    if (term % 11 === 0) from = last;
    await storage.write({ hardState: { term, votedFor: 'n' + term }, truncateAfter: cut, entries: fresh, ...compaction });
    process.stdout.write(term + ' ' + last + '\\n');
  }
})();
`;

it('keeps what it acknowledged through kill -9, whole batches only', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'raft-kill-'));
  const root = join(__dirname, '..');
  for (let round = 0; round < 6; round++) {
    const args = ['--conditions=@batonmq/source', '-e', child, root, join(directory, 'log')];
    const process_ = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    await new Promise<void>((resolve) => {
      process_.stdout.once('data', () => setTimeout(() => process_.kill('SIGKILL'), 100 + Math.random() * 300));
      process_.stdout.on('data', (bytes: Buffer) => (said += String(bytes)));
      process_.on('close', () => resolve());
    });
    const lines = said.split('\n');
    const [term = 0, last = 0] = (lines[lines.length - 2] ?? '').split(' ').map(Number);
    const storage = new LevelStorage(join(directory, 'log'));
    const { hardState, base, entries, snapshot } = await storage.open();
    await storage.close();
    expect(hardState.term).toBeGreaterThanOrEqual(term);
    expect(hardState.votedFor).toBe(`n${hardState.term}`);
    // The batch after the last acknowledged one may be there, whole.
    if (hardState.term === term) expect(base.index + entries.length).toBe(last);
    expect(base.index).toBe(snapshot?.index ?? 0);
    if (snapshot !== undefined) expect(snapshot.data.equals(Buffer.alloc(30_000, snapshot.term))).toBe(true);
    if (base.term === hardState.term) {
      expect(entries).toHaveLength(0);
    } else {
      expect(entries[entries.length - 1]?.term).toBe(hardState.term);
      expect(entries.filter((entry) => entry.term === hardState.term)).toHaveLength(1 + (hardState.term % 20));
    }
  }
  rmSync(directory, { recursive: true, force: true });
}, 60_000);
