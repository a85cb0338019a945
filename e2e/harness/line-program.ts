import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { within } from './deadline';

/** One line of a program's standard output. */
export interface ProgramEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface LineProgramOptions {
  /** For messages to people. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly onEvent?: (event: ProgramEvent) => void;
}

const ERROR_TAIL_CHARS = 4000;

/**
 * A client program of another language: it writes JSON lines and runs until its standard input ends.
 * It cannot outlive this process, whose death ends its standard input.
 */
export class LineProgram {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting = new Map<string, (event: ProgramEvent) => void>();
  private readonly seen = new Map<string, ProgramEvent>();
  private readonly ended: Promise<string>;
  private errorTail = '';

  constructor(private readonly options: LineProgramOptions) {
    this.child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdin.on('error', () => {}); // it ended before we told it to
    this.child.stderr.on('data', (bytes: Buffer) => {
      this.errorTail = (this.errorTail + bytes.toString()).slice(-ERROR_TAIL_CHARS);
    });
    createInterface({ input: this.child.stdout }).on('line', (line) => this.onLine(line));
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => resolve(error.message));
      this.child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
  }

  /** The first event of that name, whether it has come already or comes within the limit; rejects at once when the program ends without it. */
  async first(name: string, limitMs: number): Promise<ProgramEvent> {
    const known = this.seen.get(name);
    if (known !== undefined) return known;
    const comes = new Promise<ProgramEvent>((resolve) => this.waiting.set(name, resolve));
    const endsBefore = this.ended.then((how) => {
      const last = this.seen.get(name);
      if (last !== undefined) return last;
      throw new Error(`${this.options.name} ended (${how}) without "${name}":\n${this.errorTail}`);
    });
    return within(limitMs, `"${name}" of ${this.options.name}`, Promise.race([comes, endsBefore]));
  }

  /** Ends its standard input and waits for its end; after `limitMs` it is killed, which is an error. */
  async stop(limitMs = 20_000): Promise<void> {
    this.child.stdin.end();
    try {
      const how = await within(limitMs, `end of ${this.options.name}`, this.ended);
      if (how !== 'exit code 0') throw new Error(`${this.options.name} ended with ${how}:\n${this.errorTail}`);
    } finally {
      this.kill();
    }
  }

  /** How it ended, once it has: a signal's name or its exit code in words. */
  end(): Promise<string> {
    return this.ended;
  }

  /** Ends it now, if it still runs. */
  kill(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
  }

  private onLine(line: string): void {
    let event: ProgramEvent;
    try {
      event = JSON.parse(line) as ProgramEvent;
    } catch {
      this.errorTail = `${this.errorTail}${line}\n`.slice(-ERROR_TAIL_CHARS);
      return;
    }
    if (!this.seen.has(event.event)) this.seen.set(event.event, event);
    try {
      this.options.onEvent?.(event);
    } catch (error) {
      this.errorTail += `\nits line ${line} was refused: ${String(error)}`;
      this.kill(); // whoever waits for it learns why from the tail
      return;
    }
    this.waiting.get(event.event)?.(event);
  }
}
