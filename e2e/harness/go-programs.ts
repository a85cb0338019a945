import { join } from 'node:path';
import { E2E_ROOT, cacheDirectory } from './paths';
import { mustRun } from './run-command';

/** The programs of e2e/go. */
export type GoProgram = 'producer' | 'consumer';

const BUILD_LIMIT_MS = 480_000;

/** Builds all Go programs (Go's own cache makes the second time quick); the folder they are in. */
export async function builtGoPrograms(): Promise<string> {
  const output = cacheDirectory('go');
  const programs: readonly GoProgram[] = ['producer', 'consumer'];
  await mustRun('go', ['build', '-o', `${output}/`, ...programs.map((name) => `./${name}`)], {
    cwd: join(E2E_ROOT, 'go'),
    limitMs: BUILD_LIMIT_MS,
  });
  return output;
}
