import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './paths';
import { clusterMake } from './open-cluster';

/** Tells a measured outcome: one line for people on standard error, and the same appended to .cache/figures.jsonl. */
export function reportFigures(suite: string, figures: object): void {
  const line = JSON.stringify({ suite, servers: clusterMake(), ...figures });
  process.stderr.write(`${line}\n`);
  appendFileSync(join(cacheDirectory(), 'figures.jsonl'), `${line}\n`);
}
