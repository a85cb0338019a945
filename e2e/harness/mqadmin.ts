import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster';
import { javaClassPath, javaFlags } from './java-programs';
import { runCommand } from './run-command';

const COMMAND_LIMIT_MS = 60_000;
/** The tool gives some questions three seconds in all, of which it may need most for itself on a busy machine. */
const TRIES = 3;

/** RocketMQ's own admin tool. Its exit code tells nothing, so an exception in its output is the error. */
export class MqAdmin {
  private constructor(
    private readonly classPath: string,
    private readonly directory: string,
  ) {}

  static async in(directory: string): Promise<MqAdmin> {
    mkdirSync(directory, { recursive: true });
    return new MqAdmin(await javaClassPath('server-5.4.0'), directory);
  }

  /** Runs one command, again when it had no time to wait; what it printed. @throws when it printed an exception or nothing */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.runOnce(command, args);
      } catch (error) {
        if (tries === TRIES || !/RemotingTimeoutException/.test(String(error))) throw error;
      }
    }
  }

  private async runOnce(command: string, args: readonly string[]): Promise<string> {
    const main = 'org.apache.rocketmq.tools.command.MQAdminStartup';
    const result = await runCommand(
      'java',
      [...javaFlags(this.directory), '-cp', this.classPath, main, command, ...args],
      {
        cwd: this.directory,
        env: { ...process.env, ROCKETMQ_HOME: this.directory },
        limitMs: COMMAND_LIMIT_MS,
      },
    );
    const printed = withoutLogback(`${result.stdout}\n${result.stderr}`);
    const failed = /Exception|CODE: \d+|doesn't exist/.test(printed) || printed.trim() === '';
    if (failed)
      throw new Error(`mqadmin ${command} ${args.join(' ')} (${result.code ?? 'killed'}):\n${printed.slice(0, 3000)}`);
    return printed;
  }
}

/** Without what the tool's logging library says about itself. */
const withoutLogback = (printed: string): string =>
  printed
    .split('\n')
    .filter((line) => !/\|-(INFO|WARN|ERROR) in org\.apache\.rocketmq\.logging/.test(line))
    .join('\n');

/** The controllers' addresses, as an operator finds them: in a name server's configuration file. */
export function controllersOf(cluster: Cluster): string[] {
  for (const node of cluster.nodes) {
    if (node.kind !== 'namesrv') continue;
    for (const file of readdirSync(node.directory).filter((name) => /\.(conf|properties)$/.test(name))) {
      const peers = /^\s*controllerDLegerPeers\s*=\s*(.+)$/m.exec(
        readFileSync(join(node.directory, file), 'utf8'),
      )?.[1];
      if (peers !== undefined)
        return peers
          .trim()
          .split(';')
          .map((peer) => peer.slice(peer.indexOf('-') + 1));
    }
  }
  throw new Error('no name server of the cluster has controllerDLegerPeers in its configuration');
}
