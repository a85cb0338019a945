#!/usr/bin/env node
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { textOf } from '@batonmq/host';
import { Demo, isGood } from './demo/demo';
import { printTable } from './demo/view';
import { LocalCluster } from './local-cluster';

interface CommonOptions {
  readonly dir?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly namesrvs: number;
  readonly brokers: number;
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 99)
    throw new InvalidArgumentError('expected a whole number from 1 to 99');
  return number;
}

/** The place for the cluster, and how to leave it. */
function place(options: CommonOptions): { directory: string; leave: () => void } {
  if (options.dir !== undefined) mkdirSync(options.dir, { recursive: true });
  const directory = options.dir === undefined ? mkdtempSync(join(tmpdir(), 'batonmq-')) : resolve(options.dir);
  const keep = options.keep === true || options.dir !== undefined;
  return {
    directory,
    leave: () => {
      if (keep) process.stderr.write(`kept: ${directory}\n`);
      else rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Runs `work` until it ends or a signal comes; `stop` and `leave` happen in either case, once. */
async function guarded(work: () => Promise<number>, stop: () => Promise<void>, leave: () => void): Promise<number> {
  let asked: () => void = () => {};
  const stopAsked = new Promise<number>((done) => (asked = () => done(130)));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => asked());
  let code: number;
  try {
    const running = work();
    running.catch(() => {});
    code = await Promise.race([running, stopAsked]);
  } catch (error) {
    process.stderr.write(`batonmq: ${textOf(error)}\n`);
    code = 1;
  }
  await stop();
  leave();
  return code;
}

function demo(options: CommonOptions & { readonly failovers: number }): Promise<number> {
  const { directory, leave } = place(options);
  const { namesrvs: nameServers, brokers, failovers } = options;
  const run = new Demo({ directory, nameServers, brokers, failovers });
  const work = async (): Promise<number> => {
    const result = await run.run();
    await run.stop();
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else printTable(result);
    return isGood(result, failovers) ? 0 : 1;
  };
  return guarded(work, () => run.stop(), leave);
}

function up(options: CommonOptions): Promise<number> {
  const { directory, leave } = place(options);
  const { namesrvs: nameServers, brokers } = options;
  const cluster = new LocalCluster({ directory, nameServers, brokers });
  const work = async (): Promise<number> => {
    const startMs = performance.now();
    process.stderr.write(
      `starting ${nameServers} name servers with controllers and ${brokers} brokers in ${directory}\n`,
    );
    await cluster.start();
    const nodes = cluster.nodes.map(({ name, kind, address, pid }) => ({ name, kind, address, pid }));
    const addresses = { namesrvAddr: cluster.namesrvAddress, controllerAddr: cluster.controllerAddress };
    if (options.json) process.stdout.write(`${JSON.stringify({ ...addresses, nodes, directory })}\n`);
    else {
      process.stdout.write(`up after ${Math.round(performance.now() - startMs)} ms; Ctrl-C stops it\n\n`);
      process.stdout.write(`  name servers (for clients):    ${addresses.namesrvAddr}\n`);
      process.stdout.write(`  controllers (for operators):   ${addresses.controllerAddr}\n`);
      for (const node of nodes)
        process.stdout.write(`  ${node.name.padEnd(14)} ${node.address.padEnd(20)} pid ${node.pid}\n`);
    }
    return new Promise(() => {});
  };
  return guarded(work, () => cluster.stop(), leave).then((code) => (code === 130 ? 0 : code));
}

const program = new Command('batonmq').description('A local RocketMQ-compatible cluster with automatic failover');
const common = (command: Command): Command =>
  command
    .option('--dir <directory>', 'where to keep everything (default: a temporary directory, removed at the end)')
    .option('--keep', 'leave the temporary directory behind')
    .option('--namesrvs <count>', 'name servers, each with a controller', count, 3)
    .option('--brokers <count>', 'replicas of the group', count, 3);

common(program.command('demo'))
  .description('kill the master again and again under traffic, and count what was promised')
  .option('--failovers <count>', 'how many masters to kill', count, 3)
  .option('--json', 'one JSON line on standard output at the end')
  .action(async (options) => process.exit(await demo(options)));
common(program.command('up'))
  .description('keep a cluster running until Ctrl-C')
  .option('--json', 'the addresses as one JSON line on standard output')
  .action(async (options) => process.exit(await up(options)));

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`batonmq: ${textOf(error)}\n`);
  process.exit(1);
});
