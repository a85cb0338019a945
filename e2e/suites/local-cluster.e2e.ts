import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DemoResult } from 'batonmq';
import { failover } from '../examples/local-cluster';
import { eventually, within } from '../harness/deadline';

const CLI = join(dirname(require.resolve('batonmq/package.json')), 'dist', 'cli.js');

function launch(args: readonly string[], temporary: string) {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, TMPDIR: temporary } });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (out.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (out.stderr += bytes.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, out, exit };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

interface Up {
  readonly namesrvAddr: string;
  readonly directory: string;
  readonly nodes: readonly { readonly name: string; readonly pid: number }[];
}

jest.setTimeout(200_000);

describe('the local cluster', () => {
  let temporary = '';
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'batonmq-e2e-'));
  });
  afterEach(() => rmSync(temporary, { recursive: true, force: true }));

  it('demo --json: three failovers, nothing lost, one JSON line, nothing left behind', async () => {
    const { out, exit } = launch(['demo', '--json'], temporary);
    const code = await within(150_000, 'the demo ends', exit);
    const lines = out.stdout.trim().split('\n');
    expect(lines).toHaveLength(1);
    const result = JSON.parse(lines[0] as string) as DemoResult;
    expect(result).toMatchObject({ lost: 0, consumed: expect.any(Number) });
    expect(result.failovers.map((one) => one.epoch)).toEqual([2, 3, 4]);
    expect(result.acknowledged).toBeGreaterThan(100);
    expect(Object.keys(result.rssMb)).toHaveLength(6);
    expect(code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("runs README's example", async () => {
    const readme = readFileSync(join(dirname(CLI), '../README.md'), 'utf8');
    expect(readme).toContain(readFileSync(join(__dirname, '../examples/local-cluster.ts'), 'utf8'));
    const log = jest.spyOn(console, 'log').mockImplementation(() => {});
    const [killed, successor] = await within(60_000, 'the example ends', failover(temporary));
    log.mockRestore();
    expect([killed, successor]).toEqual([expect.stringMatching(/^broker-a/), expect.stringMatching(/^broker-a/)]);
    expect(successor).not.toBe(killed);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('up ends on %s without a process or a file left', async (signal) => {
    const { child, out, exit } = launch(['up', '--json'], temporary);
    const up = await eventually(60_000, 'the cluster is up', () =>
      out.stdout.endsWith('\n') ? (JSON.parse(out.stdout) as Up) : undefined,
    );
    expect(up.nodes).toHaveLength(6);
    expect(up.nodes.every((node) => isAlive(node.pid))).toBe(true);
    child.kill(signal);
    expect(await within(30_000, 'up ends', exit)).toBe(0);
    expect(up.nodes.filter((node) => isAlive(node.pid))).toEqual([]);
    expect(existsSync(up.directory)).toBe(false);
  });

  it('Ctrl-C in the middle of the start leaves nothing either', async () => {
    const { child, out, exit } = launch(['demo'], temporary);
    await eventually(30_000, 'the start has begun', () => out.stderr.includes('starting'));
    await eventually(30_000, 'processes are there', () => readdirSync(temporary).length > 0);
    child.kill('SIGINT');
    expect(await within(30_000, 'the demo ends', exit)).toBe(130);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('kill -9 of the launcher takes its nodes along', async () => {
    const { child, out, exit } = launch(['up', '--json'], temporary);
    const up = await eventually(60_000, 'the cluster is up', () =>
      out.stdout.endsWith('\n') ? (JSON.parse(out.stdout) as Up) : undefined,
    );
    child.kill('SIGKILL');
    await exit;
    await eventually(30_000, 'all nodes have ended', () => up.nodes.every((node) => !isAlive(node.pid)));
  });
});
