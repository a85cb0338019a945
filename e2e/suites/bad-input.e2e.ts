import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePorts } from 'batonmq';
import { eventually, within } from '../harness/deadline';

type Program = 'mqnamesrv' | 'mqcontroller' | 'mqbroker';

const LIMIT_MS = 20_000;
const binOf = (program: Program): string =>
  join(dirname(require.resolve(`@batonmq/${program}/package.json`)), 'dist', 'cli.js');

/** A program under test, with everything it printed. */
class Running {
  output = '';
  readonly exit: Promise<number | null>;
  private readonly child;

  constructor(program: Program, args: readonly string[]) {
    this.child = spawn(process.execPath, [binOf(program), ...args], {
      env: { ...process.env, BATONMQ_LOG_LEVEL: 'warn' },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
    this.exit = new Promise((resolve) => this.child.once('close', (code) => resolve(code)));
  }

  async prints(text: string): Promise<void> {
    await eventually(LIMIT_MS, `"${text}" in the output`, () => this.output.includes(text));
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exit;
  }
}

jest.setTimeout(60_000);

describe('bad input is answered with one clear line', () => {
  let directory = '';
  let taken: Server;
  let takenPort = 0;
  const running: Running[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'batonmq-bad-'));
    taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    takenPort = (taken.address() as AddressInfo).port;
  });
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    taken.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const start = (program: Program, args: readonly string[]): Running => {
    const one = new Running(program, args);
    running.push(one);
    return one;
  };
  const file = (name: string, lines: readonly string[]): string => {
    const path = join(directory, name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  };
  const broker = (name: string, port: number, more: readonly string[] = []): string =>
    file(`${name}.conf`, [
      'brokerName=broker-a',
      `listenPort=${port}`,
      'bindAddress=127.0.0.1',
      'brokerIP1=127.0.0.1',
      `storePathRootDir=${join(directory, name)}`,
      ...more,
    ]);
  const controller = (name: string, peers: string, self: string): string =>
    file(name, [
      'controllerDLegerGroup=g',
      `controllerDLegerPeers=${peers}`,
      `controllerDLegerSelfId=${self}`,
      `controllerStorePath=${join(directory, name)}.d`,
    ]);

  const refused: [string, () => [Program, readonly string[]], RegExp][] = [
    [
      'a missing file',
      () => ['mqnamesrv', ['-c', join(directory, 'nowhere.conf')]],
      /mqnamesrv: configuration file .*nowhere\.conf does not exist .*check the path/,
    ],
    [
      'a directory instead of a file',
      () => ['mqbroker', ['-c', directory]],
      /mqbroker: configuration file .* cannot be read: it is a directory/,
    ],
    ['a file that is not text', () => ['mqbroker', ['-c', file('zero.conf', ['a\0b'])]], /is not text/],
    ['a number that is none', () => ['mqbroker', ['-c', file('number.conf', ['listenPort=ten'])]], /listenPort.*ten/],
    ['an unknown flag', () => ['mqnamesrv', ['--nonsense']], /unknown option '--nonsense'/],
    [
      'a peer list without the self id',
      () => ['mqcontroller', ['-c', controller('self.conf', 'n0-127.0.0.1:9877;n1-127.0.0.1:9878', 'n7')]],
      /controllerDLegerSelfId.*n7/,
    ],
    [
      'a peer that is no address',
      () => ['mqcontroller', ['-c', controller('peer.conf', 'n0-127.0.0.1', 'n0')]],
      /controllerDLegerPeers.*"127\.0\.0\.1" of n0 is not an address/,
    ],
    ['no peers at all', () => ['mqcontroller', []], /controllerDLegerPeers/],
    [
      'controller mode without controllers',
      () => ['mqbroker', ['-c', broker('alone', 30911, ['enableControllerMode=true'])]],
      /controllerAddr is missing/,
    ],
    [
      'a name server port in use',
      () => ['mqnamesrv', ['-c', file('port.conf', [`listenPort=${takenPort}`, 'bindAddress=127.0.0.1'])]],
      /cannot listen on 127\.0\.0\.1:\d+: the port is already in use/,
    ],
    [
      'a broker port in use',
      () => ['mqbroker', ['-c', broker('port', takenPort)]],
      /cannot listen on 127\.0\.0\.1:\d+: the port is already in use/,
    ],
  ];

  it.each(refused)('%s', async (_what, command, expected) => {
    const one = start(...command());
    const code = await within(LIMIT_MS, 'the program ends', one.exit);
    expect(one.output).toMatch(expected);
    expect(code).toBeGreaterThan(0);
    const complaints = one.output
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('load config properties file OK'));
    expect(complaints).toHaveLength(1);
  });

  it('an unknown key: a warning with the nearest known one, and a start', async () => {
    const [port] = (await freePorts(1)) as [number];
    const one = start('mqnamesrv', [
      '-c',
      file('typo.conf', [`listenPort=${port}`, 'bindAddress=127.0.0.1', 'enableControlerInNamesrv=false']),
    ]);
    await one.prints('The Name Server boot success');
    expect(one.output).toMatch(/enableControlerInNamesrv.*enableControllerInNamesrv/);
  });

  it('a store directory locked by another process', async () => {
    const [first, second] = (await freePorts(2, [-2, 0, 1])) as [number, number];
    const holder = start('mqbroker', ['-c', broker('locked', first)]);
    await holder.prints('boot success');
    const conf = file('locked-2.conf', [
      'brokerName=broker-b',
      `listenPort=${second}`,
      'bindAddress=127.0.0.1',
      'brokerIP1=127.0.0.1',
      `storePathRootDir=${join(directory, 'locked')}`,
    ]);
    const one = start('mqbroker', ['-c', conf]);
    expect(await within(LIMIT_MS, 'the program ends', one.exit)).toBeGreaterThan(0);
    expect(one.output).toMatch(/locked/);
  });

  it('controllers that cannot be reached: the broker stays up, retries, and says why', async () => {
    const [port, nobody] = (await freePorts(2, [-2, 0, 1])) as [number, number];
    const one = start('mqbroker', [
      '-c',
      broker('unreachable', port, ['enableControllerMode=true', `controllerAddr=127.0.0.1:${nobody}`]),
    ]);
    await one.prints('boot success');
    await one.prints('it is tried again');
    expect(one.output).toContain(`127.0.0.1:${nobody}`);
  });

  it('a garbage frame closes its own connection only', async () => {
    const [port] = (await freePorts(1)) as [number];
    const one = start('mqnamesrv', ['-c', file('garbage.conf', [`listenPort=${port}`, 'bindAddress=127.0.0.1'])]);
    await one.prints('boot success');
    const bystander = connect(port, '127.0.0.1');
    await new Promise((resolve) => bystander.once('connect', resolve));
    const vandal = connect(port, '127.0.0.1');
    vandal.on('error', () => {});
    vandal.write('GET / HTTP/1.1\r\n\r\n');
    await within(
      LIMIT_MS,
      'the connection with the garbage is closed',
      new Promise((resolve) => vandal.once('close', resolve)),
    );
    const header = JSON.stringify({ code: 206, opaque: 7, flag: 0, language: 'OTHER', version: 479 });
    const frame = Buffer.alloc(8 + header.length);
    frame.writeUInt32BE(4 + header.length, 0);
    frame.writeUInt32BE(header.length, 4);
    frame.write(header, 8);
    bystander.write(frame);
    const answer = await within(
      LIMIT_MS,
      'the bystander is answered',
      new Promise<Buffer>((resolve) => bystander.once('data', resolve)),
    );
    expect(answer.toString()).toContain('"opaque":7');
    bystander.destroy();
  });
});
