import type { SimulatedCluster } from '../cluster/simulated-cluster';
import type { History } from '../history';
import type { FinalState } from './final-state';

/** Everything a checker may look at when the run is over and the cluster is whole and quiet again. */
export interface Evidence {
  readonly cluster: SimulatedCluster;
  readonly history: History;
  readonly final: FinalState;
}

/** One invariant. The file that has it says it in prose. */
export interface Check {
  readonly name: string;
  /** @returns what was found wrong, one line each; empty when the invariant holds */
  run(evidence: Evidence): string[];
}

/** At most this many lines of one kind: a broken run breaks a thousand times. */
export function firstFew(lines: readonly string[], limit = 5): string[] {
  if (lines.length <= limit) return [...lines];
  return [...lines.slice(0, limit), `... and ${lines.length - limit} more`];
}
