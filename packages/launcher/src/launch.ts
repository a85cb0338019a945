import { availableParallelism } from 'node:os';
import { formatProperties, loadConfigFile, readConfig, type AnySchema, type Defaults } from '@batonmq/config';
import { codeOf, nodeHost, startAll, textOf, type Host, type Lifecycle } from '@batonmq/host';
import { pinoLog } from './pino-log';
import { readFlags, type Flags } from './read-flags';

/** What a program runs: parts in the order they start, and what it says on standard output when all do. */
export interface Composition {
  readonly parts: readonly Lifecycle[];
  readonly ready: () => readonly string[];
}

export interface Program {
  readonly name: string;
  readonly description: string;
  /** The schemas its file may have keys of; those that count most first. */
  readonly schemas: readonly AnySchema[];
  /** Keys that `-m` prints. */
  readonly important?: readonly string[];
  /** @throws BatonError, shown to the user as one line */
  compose(host: Host, properties: Properties): Composition;
}

/** The configuration before it is typed, and what reading it needs. */
export interface Properties {
  readonly map: ReadonlyMap<string, string>;
  /** How messages name where it comes from. */
  readonly source: string;
  readonly machine: Defaults;
}

/** A stop that takes longer is cut off: whoever sent the signal does not wait for ever. */
const STOP_LIMIT_MS = 10_000;

/**
 * Runs a program to its end: flags, configuration file, start, signals. Resolves with the exit code.
 * A failed start says what is wrong in one line on standard error.
 */
export async function launch(program: Program, argv: readonly string[] = process.argv): Promise<number> {
  const outcome = readFlags(program.name, program.description, argv);
  if (outcome.kind === 'exit') return outcome.code;
  const host = nodeHost(pinoLog(program.name));
  try {
    const properties = readProperties(host, outcome.flags);
    report(program, properties);
    if (outcome.flags.printConfigItem || outcome.flags.printImportantConfig) {
      printConfig(program, properties, outcome.flags.printConfigItem === true);
      return 0;
    }
    const { parts, ready } = program.compose(host, properties);
    return await serve(parts, ready);
  } catch (error) {
    const code = codeOf(error);
    process.stderr.write(`${program.name}: ${textOf(error)}${code === undefined ? '' : ` [${code}]`}\n`);
    if (code === undefined && process.env['BATONMQ_LOG_LEVEL'] === 'debug') console.error(error);
    return 1;
  }
}

function readProperties(host: Host, flags: Flags): Properties {
  const map = new Map(flags.configFile === undefined ? [] : loadConfigFile(host.files, flags.configFile));
  if (flags.configFile !== undefined) process.stdout.write(`load config properties file OK, ${flags.configFile}\n`);
  if (flags.namesrvAddr !== undefined) map.set('namesrvAddr', flags.namesrvAddr);
  const { ROCKETMQ_HOME: rocketmqHome, NAMESRV_ADDR: namesrvAddr } = process.env;
  const machine: Defaults = {
    ...host.machine,
    cores: availableParallelism(),
    ...(rocketmqHome === undefined ? {} : { rocketmqHome }),
    ...(namesrvAddr === undefined ? {} : { namesrvAddr }),
  };
  return { map, source: flags.configFile ?? 'the command line', machine };
}

/** Unknown keys and the like: one line each, before anything else can go wrong. */
function report(program: Program, { map, source, machine }: Properties): void {
  const { warnings, hints } = readConfig(program.schemas, map, source, machine);
  for (const line of [...warnings, ...hints]) process.stderr.write(`${program.name}: ${line}\n`);
}

function printConfig(program: Program, { map, source, machine }: Properties, all: boolean): void {
  const { values } = readConfig(program.schemas, map, source, machine);
  const specs = new Map(program.schemas.flatMap((schema) => Object.entries(schema.keys)));
  const shown = Object.entries(values as Record<string, unknown>).filter(
    ([key, value]) =>
      value !== undefined && specs.get(key)?.secret !== true && (all || program.important?.includes(key)),
  );
  process.stdout.write(`${formatProperties(new Map(shown.map(([key, value]) => [key, String(value)])))}\n`);
}

async function serve(parts: readonly Lifecycle[], ready: () => readonly string[]): Promise<number> {
  let asked: (signal: string) => void = () => {};
  const stopAsked = new Promise<string>((resolve) => (asked = resolve));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, asked);
  // Started by a launcher of several programs: ends with it, even if it is killed.
  if (process.channel !== undefined) {
    process.on('disconnect', () => asked('disconnect'));
    process.channel.unref();
  }
  const keepAlive = setInterval(() => {}, 2 ** 30);
  try {
    const starting = startAll(parts);
    const first = await Promise.race([starting, stopAsked]);
    if (typeof first !== 'string') {
      for (const line of ready()) process.stdout.write(`${line}\n`);
      process.send?.('ready');
      await stopAsked;
    }
    const limit = new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS).unref());
    await Promise.race([starting.then((stop) => stop()), limit]);
    return 0;
  } finally {
    clearInterval(keepAlive);
  }
}
