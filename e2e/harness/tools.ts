import { spawnSync } from 'node:child_process';

/** What a suite may need beyond Node. */
export type Tool = 'jdk' | 'maven' | 'go';

const PROBES: Record<Tool, { readonly command: string; readonly args: readonly string[]; readonly wanted: string }> = {
  jdk: { command: 'javac', args: ['-version'], wanted: 'JDK (javac)' },
  maven: { command: 'mvn', args: ['-v'], wanted: 'Maven (mvn)' },
  go: { command: 'go', args: ['version'], wanted: 'Go (go)' },
};

/** The tools of the list that this machine lacks, each as words for a person. Synchronous: suites are declared synchronously. */
export function missingTools(tools: readonly Tool[]): string[] {
  return tools
    .map((tool) => PROBES[tool])
    .filter(({ command, args }) => spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status !== 0)
    .map(({ wanted }) => wanted);
}

/** Set where a missing tool must fail the run instead of skipping its suites, as in continuous integration. */
export const toolsAreRequired = (): boolean => process.env['BATONMQ_E2E_REQUIRED'] === '1';
