import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { HostError, codeOf, textOf } from '../errors';
import type { FileLock } from '../host';

/**
 * Files locked by this process, as device:inode. POSIX record locks belong to the process, and closing any descriptor of
 * the file drops them: a second attempt must not even open it. So this is state of the process, not of a module's user.
 */
const held = new Set<string>();

/**
 * A POSIX record lock, which Node itself cannot take and which Java's brokers use. LevelDB takes exactly that kind on the
 * file LOCK of its directory, so an empty database whose LOCK is a link to the wanted file does it for us
 * (docs/decisions/0005-store-lock.md). The directory `.<name>.holder` beside the file is reused by the next holder.
 */
export async function lockFile(path: string): Promise<FileLock> {
  const holder = join(dirname(path), `.${basename(path)}.holder`);
  const identity = prepare(path, holder);
  if (held.has(identity)) throw lockedError(path, 'this process');
  held.add(identity);
  const database = new ClassicLevel(holder);
  try {
    await database.open();
  } catch (cause) {
    held.delete(identity);
    const inner = (cause as Error).cause;
    if (codeOf(inner) === 'LEVEL_LOCKED' || codeOf(cause) === 'LEVEL_LOCKED') {
      throw lockedError(path, 'another process', cause);
    }
    throw new HostError('FILE_IO', `cannot lock ${path}: ${textOf(inner ?? cause)}`, { cause });
  }
  let released: Promise<void> | undefined;
  return { release: () => (released ??= database.close().then(() => void held.delete(identity))) };
}

/** Makes file, directory and link as far as they are missing. @returns the file's identity */
function prepare(path: string, holder: string): string {
  try {
    fs.mkdirSync(holder, { recursive: true });
    if (!fs.existsSync(path)) fs.closeSync(fs.openSync(path, 'a', 0o644));
    const link = join(holder, 'LOCK');
    if (!fs.lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) {
      fs.rmSync(link, { force: true });
      fs.symlinkSync(join('..', basename(path)), link);
    }
    const { dev, ino } = fs.statSync(path);
    return `${dev}:${ino}`;
  } catch (cause) {
    throw new HostError('FILE_IO', `cannot prepare the lock ${path}: ${textOf(cause)}`, { cause });
  }
}

function lockedError(path: string, by: string, cause?: unknown): HostError {
  return new HostError('FILE_LOCKED', `${path} is locked by ${by}`, {
    hint: `stop what else uses ${dirname(path)}, or choose another directory`,
    cause,
  });
}
