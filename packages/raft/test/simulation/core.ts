import { createState } from '../../src/core/state';
import { nextDeadlineMs, step } from '../../src/core/step';
import { WriteGate } from '../../src/write-gate';

/** The code under simulation: the real one, or one with a bug planted. */
export interface Core {
  readonly step: typeof step;
  readonly createState: typeof createState;
  readonly nextDeadlineMs: typeof nextDeadlineMs;
  readonly WriteGate: typeof WriteGate;
}

export const realCore: Core = { step, createState, nextDeadlineMs, WriteGate };
