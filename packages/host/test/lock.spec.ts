import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost, silentLog } from '../src';

jest.setTimeout(120_000);

const { files } = nodeHost(silentLog);
const hasJava = spawnSync('java', ['-version']).status === 0;
let directory = '';
let path = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(directory, 'lock');
});

afterEach(async () => {
  for (const child of children.splice(0)) await ended(child, 'SIGKILL');
  fs.rmSync(directory, { recursive: true });
});

const HOLDERS: Record<string, string[]> = {
  'another process of this package': [process.execPath, join(__dirname, 'data/hold-lock.cjs')],
  'a Java process': ['java', join(__dirname, 'data/HoldLock.java')],
};

for (const [who, command] of Object.entries(HOLDERS)) {
  (who.includes('Java') && !hasJava ? describe.skip : describe)(who, () => {
    it('keeps us out while it holds the lock, until it dies', async () => {
      const holder = await hold(command);
      expect(holder.said).toBe('held');
      await expect(files.lock(path)).rejects.toMatchObject({
        code: 'FILE_LOCKED',
        hint: expect.stringContaining(directory),
      });
      await ended(holder.child, 'SIGKILL');
      const lock = await files.lock(path);
      await lock.release();
    });

    it('is kept out while we hold it, however often we try again, until we let go', async () => {
      const lock = await files.lock(path);
      await expect(files.lock(path)).rejects.toMatchObject({ code: 'FILE_LOCKED' });
      const refused = await hold(command);
      expect(refused.said).toBe('FILE_LOCKED');
      await lock.release();
      const holder = await hold(command);
      expect(holder.said).toBe('held');
    });
  });
}

it('names what stands in the way of a lock', async () => {
  fs.writeFileSync(join(directory, 'file'), '');
  await expect(files.lock(join(directory, 'file', 'lock'))).rejects.toMatchObject({ code: 'FILE_IO' });
});

/** Starts a holder. @returns its first line */
async function hold(command: string[]): Promise<{ child: ChildProcess; said: string }> {
  const [program, ...rest] = command as [string, ...string[]];
  const child = spawn(program, [...rest, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const said = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes('\n')) resolve(text.trim());
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`the holder ended with ${code}`)));
  });
  return { child, said };
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.on('close', () => resolve());
    child.kill(signal);
  });
}
