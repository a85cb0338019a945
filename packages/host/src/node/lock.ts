import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { HostError, codeOf, textOf } from '../errors';
import type { FileLock } from '../host';

/**
 * A POSIX record lock, which Node itself cannot take and which Java's brokers use. LevelDB takes exactly that kind on the
 * file LOCK of its directory, so an empty database whose LOCK is a link to the wanted file does it for us
 * (docs/decisions/0005-store-lock.md). The directory `.<name>.holder` beside the file is reused by the next holder.
 */
export async function lockFile(path: string): Promise<FileLock> {
  const holder = join(dirname(path), `.${basename(path)}.holder`);
  try {
    fs.mkdirSync(holder, { recursive: true });
    fs.closeSync(fs.openSync(path, 'a', 0o644));
    const link = join(holder, 'LOCK');
    if (!fs.lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) {
      fs.rmSync(link, { force: true });
      fs.symlinkSync(join('..', basename(path)), link);
    }
  } catch (cause) {
    throw new HostError('FILE_IO', `cannot prepare the lock ${path}: ${textOf(cause)}`, { cause });
  }
  const database = new ClassicLevel(holder);
  try {
    await database.open();
  } catch (cause) {
    const inner = (cause as Error).cause;
    if (codeOf(inner) === 'LEVEL_LOCKED' || codeOf(cause) === 'LEVEL_LOCKED') {
      throw new HostError('FILE_LOCKED', `${path} is locked by another process`, {
        hint: `stop the other process that uses ${dirname(path)}, or choose another directory`,
        cause,
      });
    }
    throw new HostError('FILE_IO', `cannot lock ${path}: ${textOf(inner ?? cause)}`, { cause });
  }
  return { release: () => database.close() };
}
