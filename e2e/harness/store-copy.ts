import { existsSync, readdirSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';

/** The store directory at or below a broker's directory: the one that has a commitlog. */
export function storeDirectoryOf(brokerDirectory: string, depth = 3): string {
  const found = search(brokerDirectory, depth);
  if (found === undefined) throw new Error(`no store below ${brokerDirectory}`);
  return found;
}

/** A copy of a broker's store that another process may open and change. */
export async function copyStore(brokerDirectory: string, to: string): Promise<string> {
  await cp(storeDirectoryOf(brokerDirectory), to, { recursive: true });
  return to;
}

function search(directory: string, depth: number): string | undefined {
  if (existsSync(join(directory, 'commitlog'))) return directory;
  if (depth === 0) return undefined;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const below = entry.isDirectory() ? search(join(directory, entry.name), depth - 1) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}
