import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { javaProgram } from './client-programs';
import { within } from './deadline';
import { freePorts } from './free-ports';
import type { StoreArtifacts } from './java-programs';
import { LineProgram, type ProgramEvent } from './line-program';
import { E2E_ROOT } from './paths';

/** Whose store opens a directory. */
export type StoreMake = 'ours' | StoreArtifacts;

export interface StoreRun {
  readonly store: string;
  /** Lines as of `planText`; see java/store StoreDriver. */
  readonly plan: string;
  readonly settings: Readonly<Record<string, string>>;
  /** stop: a clean stop at the end. kill: SIGKILL at the end, or after that many acknowledgements. Default stop. */
  readonly end?: 'stop' | 'kill' | number;
  /** 5.4.0 only: a topic of type BatchCQ. */
  readonly batchTopic?: string;
}

const LIMIT_MS = 120_000;
let runs = 0;

/** Lets a store follow a plan on a directory, in a process of its own; all that it told. */
export async function runStore(make: StoreMake, run: StoreRun, directory: string): Promise<ProgramEvent[]> {
  const home = join(directory, `driver-${++runs}`);
  mkdirSync(home);
  const plan = join(home, 'plan.txt');
  writeFileSync(plan, run.plan);
  const { end = 'stop' } = run;
  const events: ProgramEvent[] = [];
  let acknowledged = 0;
  const onEvent = (event: ProgramEvent): void => {
    events.push(event);
    if (event.event === 'ack' && ++acknowledged === end) program.kill();
  };
  const program: LineProgram = await startDriver(make, home, onEvent, {
    plan,
    then: end === 'stop' ? 'stop' : 'wait',
    batchTopic: run.batchTopic ?? '',
    'store.storePathRootDir': run.store,
    'store.haListenPort': String(await freePorts()),
    ...Object.fromEntries(Object.entries(run.settings).map(([name, value]) => [`store.${name}`, value])),
  });
  try {
    if (typeof end === 'number') {
      const how = await within(LIMIT_MS, `end of the killed ${make}`, program.end());
      if (how !== 'SIGKILL') throw new Error(`${make} was to be killed, and ended with ${how}`);
    } else {
      await program.first(end === 'stop' ? 'stopped' : 'done', LIMIT_MS);
      if (end === 'stop') await program.stop();
    }
  } finally {
    program.kill();
    await program.end();
  }
  return events;
}

async function startDriver(
  make: StoreMake,
  home: string,
  onEvent: (event: ProgramEvent) => void,
  args: Record<string, string>,
): Promise<LineProgram> {
  if (make !== 'ours') return (await javaProgram(make, home))('StoreDriver', args, onEvent);
  return new LineProgram({
    name: 'our store',
    command: process.execPath,
    args: [
      join(E2E_ROOT, 'node', 'store-driver.mjs'),
      ...Object.entries(args).map(([name, value]) => `${name}=${value}`),
    ],
    cwd: home,
    onEvent,
  });
}
