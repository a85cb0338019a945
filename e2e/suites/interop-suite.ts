import { missingTools, toolsAreRequired, type Tool } from '../harness/tools';

/**
 * A suite that needs tools beyond Node. Without them it says so and is skipped; with BATONMQ_E2E_REQUIRED=1 it fails instead.
 */
export function interopSuite(name: string, needs: readonly Tool[], tests: () => void): void {
  const missing = missingTools(needs);
  if (missing.length === 0) {
    describe(name, tests);
  } else if (toolsAreRequired()) {
    describe(name, () => {
      it('finds its tools', () => {
        throw new Error(`BATONMQ_E2E_REQUIRED=1, but this machine has no ${missing.join(', no ')}`);
      });
    });
  } else {
    process.stderr.write(`e2e: "${name}" is skipped, this machine has no ${missing.join(', no ')}\n`);
    describe.skip(name, tests);
  }
}
