import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { within } from './deadline';
import { freePorts } from './free-ports';

const START_LIMIT_MS = 60_000;
const CLI = join(dirname(require.resolve('@batonmq/mqbroker/package.json')), 'dist', 'cli.js');

/** One more broker of ours, with the configuration of another one but its own ports and store. */
export class OurBroker {
  private constructor(
    private readonly child: ChildProcess,
    private readonly ended: Promise<void>,
  ) {}

  /** @param like the configuration file of a broker that runs */
  static async join(directory: string, like: string): Promise<OurBroker> {
    mkdirSync(directory, { recursive: true });
    const port = (await freePorts(4)) + 2;
    const own: Record<string, string> = {
      listenPort: String(port),
      storePathRootDir: join(directory, 'store'),
    };
    const lines = readFileSync(like, 'utf8')
      .split('\n')
      .map((line) => {
        const key = line.slice(0, line.indexOf('='));
        return own[key] === undefined ? line : `${key}=${own[key]}`;
      });
    const file = join(directory, 'broker.conf');
    writeFileSync(file, lines.join('\n'));
    const log = openSync(join(directory, 'broker.log'), 'a');
    const child = spawn(process.execPath, [CLI, '-c', file], { stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const ready = new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error(`the broker in ${directory} ended before it was ready`)));
    });
    await within(START_LIMIT_MS, `start of the broker in ${directory}`, ready);
    return new OurBroker(child, ended);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
