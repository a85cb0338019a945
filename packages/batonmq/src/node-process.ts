import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterError } from './errors';

export type NodeKind = 'namesrv' | 'broker';

export interface NodeSetup {
  readonly name: string;
  readonly kind: NodeKind;
  /** Where clients reach it: host:port. */
  readonly address: string;
  /** Everything the node keeps: configuration, store, log. */
  readonly directory: string;
  /** The program to run. */
  readonly program: string;
  readonly properties: Readonly<Record<string, string>>;
}

const STOP_MS = 12_000;

/** One process of a local cluster: name server with controller, or broker. */
export class NodeProcess {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();

  constructor(private readonly setup: NodeSetup) {
    mkdirSync(setup.directory, { recursive: true });
    const lines = Object.entries(setup.properties).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(this.configFile, lines.join(''));
  }

  get name(): string {
    return this.setup.name;
  }

  get kind(): NodeKind {
    return this.setup.kind;
  }

  get address(): string {
    return this.setup.address;
  }

  get directory(): string {
    return this.setup.directory;
  }

  get pid(): number | undefined {
    return this.running ? this.child?.pid : undefined;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  get configFile(): string {
    return join(this.setup.directory, `${this.setup.kind}.conf`);
  }

  get logFile(): string {
    return join(this.setup.directory, `${this.setup.kind}.log`);
  }

  /** Resident memory in MiB; undefined where the system does not tell. */
  residentMb(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
      const kib = /VmRSS:\s+(\d+)/.exec(status)?.[1];
      return kib === undefined ? undefined : Math.round(Number(kib) / 1024);
    } catch {
      return undefined;
    }
  }

  /** Resolves when the program says that it is up. @throws ClusterError NODE_FAILED with the end of its log */
  async start(): Promise<void> {
    if (this.running) return;
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, [this.setup.program, '-c', this.configFile], {
      stdio: ['ignore', log, log, 'ipc'],
      // A group of its own: Ctrl-C at the terminal reaches the launcher only, which then stops the nodes in order.
      detached: true,
    });
    closeSync(log);
    this.child = child;
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
    const outcome = await new Promise<string>((resolve) => {
      child.once('message', () => resolve('ready'));
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
    });
    if (outcome !== 'ready') {
      throw new ClusterError(
        'NODE_FAILED',
        `${this.name} did not start: ${outcome}; the end of ${this.logFile}:\n${this.logTail()}`,
      );
    }
  }

  /** Sends the signal; for one that ends the process, resolves when it has ended. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    if (!this.running) return;
    this.child?.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await this.exited;
  }

  /** Asks it to stop, and makes it stop if it does not. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.child?.kill('SIGCONT');
    this.child?.kill('SIGTERM');
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOP_MS);
    await this.exited;
    clearTimeout(timer);
  }

  private logTail(): string {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-12).join('\n');
  }
}
