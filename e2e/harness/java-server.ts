import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { within } from './deadline';
import { javaFlags } from './java-programs';

/** A main class of RocketMQ's own servers. */
const MAIN = {
  namesrv: 'org.apache.rocketmq.namesrv.NamesrvStartup',
  broker: 'org.apache.rocketmq.broker.BrokerStartup',
} as const;

export interface JavaServerOptions {
  readonly name: string;
  readonly kind: keyof typeof MAIN;
  readonly classPath: string;
  readonly directory: string;
  readonly properties: Record<string, string>;
  readonly heap?: string;
}

/** One of RocketMQ's own server processes, with its configuration, log and home directory in one folder. */
export class JavaServer {
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: JavaServerOptions) {}

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.running ? this.child?.pid : undefined;
  }

  /** Starts the process; it serves some seconds later. */
  start(): void {
    const { classPath, directory, kind, properties, heap } = this.options;
    mkdirSync(directory, { recursive: true });
    const file = join(directory, `${kind}.conf`);
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    const out = openSync(this.outputFile, 'a');
    const flags = [...javaFlags(directory, heap ?? '512m'), '-Drocketmq.broker.diskSpaceWarningLevelRatio=0.99'];
    const child = spawn('java', [...flags, '-cp', classPath, MAIN[kind], '-c', file], {
      cwd: directory,
      env: { ...process.env, ROCKETMQ_HOME: directory },
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    this.ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    this.child = child;
  }

  /** Signals the process and, unless the signal only stops it, waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    this.child?.kill(signal);
    if (signal !== 'SIGSTOP') await within(30_000, `end of ${this.options.name} after ${signal}`, this.ended);
  }

  /** Asks the process to end, and makes it if it does not. */
  async stop(): Promise<void> {
    await this.kill('SIGTERM').catch(() => this.kill('SIGKILL'));
  }

  /** The last lines it printed, for an error message. */
  lastWords(): string {
    return readFileSync(this.outputFile, 'utf8').trim().split('\n').slice(-15).join('\n');
  }

  private get outputFile(): string {
    return join(this.options.directory, 'output.txt');
  }
}
