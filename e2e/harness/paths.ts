import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of this workspace; harness/ and dist/ are both one below it. */
export const E2E_ROOT = resolve(__dirname, '..');

/** Class paths, compiled programs and reports: made once, ignored by git, safe to delete. */
export function cacheDirectory(...names: readonly string[]): string {
  const directory = join(E2E_ROOT, '.cache', ...names);
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Changes whenever one of the files does. */
export function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Runs `use` with a fresh directory; afterwards it is removed, unless BATONMQ_E2E_KEEP=1 asks to look into it. */
export async function withTemporaryDirectory<T>(purpose: string, use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), `batonmq-e2e-${purpose}-`));
  try {
    return await use(directory);
  } finally {
    await removeTemporaryDirectory(directory);
  }
}

export async function temporaryDirectory(purpose: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `batonmq-e2e-${purpose}-`));
}

export async function removeTemporaryDirectory(directory: string): Promise<void> {
  if (process.env['BATONMQ_E2E_KEEP'] === '1') process.stderr.write(`kept ${directory}\n`);
  else await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}
