import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePorts } from 'batonmq';
import { Admin, Consumer, Producer, type ReplicaGroup, type SendReceipt } from '@batonmq/client';
import { nodeHost, silentLog } from '@batonmq/host';
import { eventually, within } from './deadline';

export type Program = 'mqnamesrv' | 'mqcontroller' | 'mqbroker';
type Keys = Readonly<Record<string, string | number | boolean>>;

const HOST = '127.0.0.1';
const LIMIT_MS = 30_000;
export const GROUP = 'broker-a';

/** One process of a deployment: starts, dies and comes back with the same file and directory. */
export class Part {
  output = '';
  private child: ChildProcess | undefined;
  private exit: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly program: Program,
    readonly port: number,
    readonly directory: string,
    private keys: Keys,
  ) {
    mkdirSync(directory, { recursive: true });
  }

  get address(): string {
    return `${HOST}:${this.port}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** From the next start on. */
  configure(keys: Keys): void {
    this.keys = { ...this.keys, ...keys };
  }

  /** Resolves when the program says that it is up. */
  async start(): Promise<void> {
    const file = join(this.directory, 'conf');
    const lines = Object.entries(this.keys).map(([key, value]) => `${key} = ${String(value)}\n`);
    writeFileSync(file, lines.join(''));
    const bin = join(dirname(require.resolve(`@batonmq/${this.program}/package.json`)), 'dist', 'cli.js');
    const child = spawn(process.execPath, [bin, '-c', file], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.child = child;
    const log = createWriteStream(join(this.directory, 'log'), { flags: 'a' });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => {
        this.output += bytes.toString();
        log.write(bytes);
      });
    this.exit = new Promise((resolve) => child.once('exit', () => resolve()));
    const ready = new Promise<boolean>((resolve) => {
      child.once('message', () => resolve(true));
      child.once('exit', () => resolve(false));
    });
    if (!(await within(LIMIT_MS, `${this.name} is up`, ready))) throw new Error(`${this.name} ended: ${this.output}`);
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    this.child?.kill(signal);
    await this.exit;
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }
}

/** Programs put together freely, as an operator would, on loopback. */
export class Deployment {
  readonly parts: Part[] = [];
  private readonly host = nodeHost(silentLog);
  private readonly producers: Producer[] = [];
  private readonly admins: Admin[] = [];
  private readers = 0;

  constructor(private readonly directory: string) {}

  /** Name servers; of `embedded` of them controllers listen too. */
  async nameServers(count: number, embedded: number, keys: Keys = {}): Promise<{ names: Part[]; controllers: string }> {
    const ports = await freePorts(count);
    const peers = await freePorts(embedded);
    const names = ports.map((port, index) =>
      this.add(`namesrv-${index}`, 'mqnamesrv', port, {
        listenPort: port,
        bindAddress: HOST,
        ...(index < embedded
          ? { enableControllerInNamesrv: true, ...this.controllerKeys(peers, index, `namesrv-${index}`), ...keys }
          : {}),
      }),
    );
    return { names, controllers: peers.map((port) => `${HOST}:${port}`).join(';') };
  }

  async controllers(count: number, keys: Keys = {}): Promise<{ parts: Part[]; controllers: string }> {
    const peers = await freePorts(count);
    const parts = peers.map((port, index) =>
      this.add(`controller-${index}`, 'mqcontroller', port, {
        ...this.controllerKeys(peers, index, `controller-${index}`),
        bindAddress: HOST,
        ...keys,
      }),
    );
    return { parts, controllers: peers.map((port) => `${HOST}:${port}`).join(';') };
  }

  /** One more controller, with the addresses of others in its list, which do not have it in theirs. */
  async strangeController(controllers: string, keys: Keys = {}): Promise<Part> {
    const [port] = await freePorts(1);
    const known = controllers.split(';').map((address, index) => `n${index}-${address}`);
    return this.add('stranger', 'mqcontroller', port as number, {
      ...this.controllerKeys([], 0, 'stranger'),
      controllerDLegerPeers: [...known, `n${known.length}-${HOST}:${port}`].join(';'),
      controllerDLegerSelfId: `n${known.length}`,
      bindAddress: HOST,
      ...keys,
    });
  }

  /** To be numbered on from those that there are. */
  async brokers(count: number, namesrvAddr: string, controllerAddr: string, keys: Keys = {}): Promise<Part[]> {
    const ports = await freePorts(count, [-2, 0, 1]);
    const before = this.parts.filter(({ program }) => program === 'mqbroker').length;
    return ports.map((port, index) =>
      this.add(`broker-${before + index + 1}`, 'mqbroker', port, {
        brokerName: GROUP,
        enableControllerMode: true,
        controllerAddr,
        namesrvAddr,
        listenPort: port,
        bindAddress: HOST,
        brokerIP1: HOST,
        brokerIP2: HOST,
        storePathRootDir: join(this.directory, `broker-${before + index + 1}`, 'store'),
        allAckInSyncStateSet: true,
        mappedFileSizeCommitLog: 4 << 20,
        mappedFileSizeConsumeQueue: 60_000,
        ...keys,
      }),
    );
  }

  producer(nameServers: string, sendTimeoutMs = 20_000): Producer {
    const producer = new Producer(this.host, { nameServers, attemptTimeoutMs: 1500, sendTimeoutMs });
    this.producers.push(producer);
    return producer;
  }

  /** Reads a topic from its beginning until `enough` holds of the bodies that came. */
  async read(nameServers: string, topic: string, enough: (bodies: ReadonlySet<string>) => boolean): Promise<string[]> {
    const bodies: string[] = [];
    const group = `reader-${this.readers++}`;
    const consumer = new Consumer(this.host, { nameServers, group, topic, from: 'first' }, ({ body }) => {
      bodies.push(String(body));
    });
    await consumer.start();
    try {
      await eventually(LIMIT_MS, `enough of ${topic}`, () => enough(new Set(bodies)));
    } finally {
      await consumer.stop();
    }
    return bodies;
  }

  admin(nameServers: string, controllers: string): Admin {
    const admin = new Admin(this.host, { nameServers, controllers });
    this.admins.push(admin);
    return admin;
  }

  async stop(): Promise<void> {
    await Promise.all(this.producers.map((one) => one.stop()));
    await Promise.all(this.admins.map((one) => one.stop()));
    await Promise.all(
      this.parts.map((part) => {
        part.thaw();
        return part.kill();
      }),
    );
  }

  private controllerKeys(ports: readonly number[], index: number, name: string): Keys {
    return {
      controllerDLegerGroup: 'group1',
      controllerDLegerPeers: ports.map((port, at) => `n${at}-${HOST}:${port}`).join(';'),
      controllerDLegerSelfId: `n${index}`,
      controllerStorePath: join(this.directory, name, 'controller'),
      enableElectUncleanMaster: false,
      notifyBrokerRoleChanged: true,
    };
  }

  private add(name: string, program: Program, port: number, keys: Keys): Part {
    const part = new Part(name, program, port, join(this.directory, name), keys);
    this.parts.push(part);
    return part;
  }
}

export const startAll = async (parts: readonly Part[]): Promise<void> => {
  await Promise.all(parts.map((part) => part.start()));
};

/** The group as the active controller has it, once `condition` holds. */
export function groupWhen(
  admin: Admin,
  what: string,
  condition: (group: ReplicaGroup) => boolean,
  limitMs = LIMIT_MS,
): Promise<ReplicaGroup> {
  return eventually(limitMs, what, async () => {
    const group = await admin.replicaGroup(GROUP);
    return group !== undefined && condition(group) ? group : undefined;
  });
}

export const inSync =
  (count: number) =>
  (group: ReplicaGroup): boolean =>
    group.masterAddress !== undefined && group.inSync.length === count;

/** The part that is master now; it serves. */
export async function masterOf(admin: Admin, brokers: readonly Part[]): Promise<Part> {
  const { masterAddress } = await groupWhen(admin, 'there is a master', (group) => group.masterAddress !== undefined);
  return brokers.find(({ address }) => address === masterAddress) as Part;
}

export const bodyOf = (text: string): Buffer => Buffer.from(text, 'utf8');

/** Sends until one is acknowledged by the given broker's port. */
export const brokerPortOf = ({ messageId }: SendReceipt): number => Number.parseInt(messageId.slice(8, 16), 16);
