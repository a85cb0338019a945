import { join } from 'node:path';
import { builtGoPrograms, type GoProgram } from './go-programs';
import { compiledPrograms, javaFlags, type JavaArtifacts, type JavaProgram } from './java-programs';
import { LineProgram, type ProgramEvent } from './line-program';

export type ProgramArguments = Readonly<Record<string, string | number>>;
export type OnEvent = (event: ProgramEvent) => void;

/** A producer and a consumer of one official client, ready to be started. */
export interface Client {
  readonly name: string;
  /** How long it may go on using an old route; what waits for a failover has to wait for that too. */
  readonly routePollMs: number;
  producer(args: ProgramArguments, onEvent: OnEvent): LineProgram;
  consumer(args: ProgramArguments, onEvent: OnEvent): LineProgram;
}

const pairs = (args: ProgramArguments): string[] => Object.entries(args).map(([name, value]) => `${name}=${value}`);

/** RocketMQ 4.9's store unmaps its files by reflection; its start scripts open the same packages. */
const OPENED = ['java.nio', 'java.lang', 'jdk.internal.ref', 'sun.nio.ch'].map(
  (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
);

/** One of our Java programs in a JVM of its own; what RocketMQ's client logs goes to `directory`. */
export async function javaProgram(
  artifacts: JavaArtifacts,
  directory: string,
): Promise<(program: JavaProgram, args: ProgramArguments, onEvent?: OnEvent) => LineProgram> {
  const classPath = await compiledPrograms(artifacts);
  return (program, args, onEvent) =>
    new LineProgram({
      name: `${program} (${artifacts})`,
      command: 'java',
      args: [...javaFlags(directory), ...OPENED, '-cp', classPath, `batonmq.e2e.${program}`, ...pairs(args)],
      cwd: directory,
      ...(onEvent === undefined ? {} : { onEvent }),
    });
}

export async function javaClient(artifacts: JavaArtifacts, directory: string): Promise<Client> {
  const start = await javaProgram(artifacts, directory);
  const pollNameServerInterval = 1000;
  return {
    name: `java ${artifacts}`,
    routePollMs: pollNameServerInterval,
    producer: (args, onEvent) => start('Producer', { ...args, pollNameServerInterval }, onEvent),
    consumer: (args, onEvent) => start('Consumer', { ...args, pollNameServerInterval }, onEvent),
  };
}

export async function goClient(directory: string): Promise<Client> {
  const programs = await builtGoPrograms();
  const start = (program: GoProgram, args: ProgramArguments, onEvent: OnEvent): LineProgram =>
    new LineProgram({
      name: `go ${program}`,
      command: join(programs, program),
      args: pairs(args),
      cwd: directory,
      env: { ...process.env, HOME: directory, ROCKETMQ_GO_LOG_LEVEL: 'error' },
      onEvent,
    });
  return {
    name: 'go v2',
    routePollMs: 30_000,
    producer: (args, onEvent) => start('producer', args, onEvent),
    consumer: (args, onEvent) => start('consumer', args, onEvent),
  };
}
