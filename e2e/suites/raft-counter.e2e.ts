import { execFile } from 'node:child_process';
import { join } from 'node:path';

const programs = join(__dirname, '..', 'raft');
const minutes = Number(process.env['BATONMQ_RAFT_MINUTES'] ?? '1');

jest.setTimeout(minutes * 60_000 + 180_000);

function run(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      process.stderr.write(stderr);
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout });
    });
  });
}

describe('a counter on three processes of @batonmq/raft', () => {
  it('is judged by a judge that catches planted faults', async () => {
    const { code, stdout } = await run('--test', join(programs, 'history.test.mjs'));
    expect(stdout).toMatch(/# pass 8/);
    expect(code).toBe(0);
  });

  it('loses nothing and stays linearizable while members are killed, frozen and cut off', async () => {
    const { stdout } = await run(join(programs, 'torture.mjs'), '--seed', '7', '--minutes', String(minutes));
    const result = JSON.parse(stdout) as Record<string, number> & { faults: string[] };
    process.stderr.write(stdout);
    expect(result.faults).toEqual([]);
    expect(result['acknowledged']).toBeGreaterThan(100);
    expect(result['reads']).toBeGreaterThan(20);
    for (const fault of ['kills', 'freezes', 'partitions']) expect(result[fault]).toBeGreaterThan(0);
  });

  it('busy-is-not-dead: holds no election while saturated, its collector under pressure and its disk slow', async () => {
    const { stdout } = await run(join(programs, 'busy-is-not-dead.mjs'), '--minutes', String(minutes / 2));
    process.stderr.write(stdout);
    const result = JSON.parse(stdout) as { slowdown: number };
    if (result.slowdown > 4) process.stderr.write('nothing shown: this machine is busy with something else\n');
    else expect(result).toMatchObject({ elections: 0, faults: [] });
  });
});
