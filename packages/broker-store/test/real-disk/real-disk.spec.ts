import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeTempRoots, tempRoot } from '../store-fixture';

afterAll(removeTempRoots);

const LIMIT_MS = 120_000;
const WRITER = join(__dirname, 'writer.mjs');
const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
/** A mount of one's own: root, or a system that lets users have namespaces. */
const MOUNTS = works('unshare', '-Urm', 'sh', '-c', 'mount -t tmpfs none /mnt');
/** strace makes system calls fail, for one path. */
const STRACE = works('strace', '-f', '-o', '/dev/null', '-e', 'inject=fdatasync:error=EIO:when=2..3', 'true');
if (!MOUNTS) process.stderr.write('real-disk: tests on mounts are skipped, `unshare -Urm` does not work here\n');
if (!STRACE)
  process.stderr.write('real-disk: tests of failing system calls are skipped, there is no strace that works\n');
const withMounts = MOUNTS ? it : it.skip;
const withStrace = STRACE ? it : it.skip;

interface Told {
  readonly command?: string;
  readonly outcome?: string;
  readonly acked?: number;
  readonly bodies?: string[];
  readonly failed?: string;
  readonly refused?: string;
  readonly message?: string;
}

const node = (root: string, flush: string): string[] => [
  process.execPath,
  '--conditions=@batonmq/source',
  WRITER,
  root,
  flush,
];

/** Lets a store follow commands in a process of its own, under `before`. @returns what it told */
function run(before: string[], root: string, flush: string, commands: string[]): Told[] {
  const [command, ...args] = [...before, ...node(root, flush)] as [string, ...string[]];
  return told(command, args, `${commands.join('\n')}\n`);
}

function told(command: string, args: string[], input: string): Told[] {
  // One thread for syncs: strace counts calls by thread.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const { stdout, stderr } = spawnSync(command, args, { input, env, timeout: LIMIT_MS, encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  if (lines.length === 0) throw new Error(`nothing from ${command}: ${stderr}`);
  return lines.map((line) => JSON.parse(line) as Told);
}

const of = (events: Told[], command: string): Told => events.find((each) => each.command === command) ?? {};
const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}:`);

/** Makes calls on the first log file fail: some, from the given one on. */
function failing(root: string, call: string, error: string, when: string): string[] {
  const log = join(root, 'commitlog', '0'.repeat(20));
  return ['strace', '-f', '-q', '-o', '/dev/null', '-P', log, '-e', `inject=${call}:error=${error}:when=${when}`];
}

describe('a real file system', () => {
  withMounts.each(['ASYNC_FLUSH', 'SYNC_FLUSH'])(
    'ENOSPC (%s): refused with the right code, nothing acknowledged is lost, and it goes on when there is room',
    (flush) => {
      const store = join(tempRoot(), 'store');
      mkdirSync(store);
      const first = ['fill 50 1000', 'inflate', 'fill 500 1000', 'refused', 'put no', 'read', 'deflate', 'writable'];
      const inner = `mount -t tmpfs -o size=2m none "$0" && "$@" <&0; rm -f "$0/balloon"; printf 'read\nstop\n' | "$@"`;
      const script = ['-Urm', 'sh', '-c', inner, store, ...node(store, flush)];
      const events = told('unshare', script, [...first, 'put after', 'read', 'die', ''].join('\n'));
      const [before, full] = events.filter(({ command }) => command === 'fill') as [Told, Told];
      expect(before).toMatchObject({ acked: 50, outcome: 'ok' });
      expect(full).toMatchObject({ outcome: 'STORE_FAILED' });
      expect(of(events, 'refused').failed).toContain('no space left');
      const [refused, after] = events.filter(({ command }) => command === 'put') as [Told, Told];
      expect([refused.outcome, after.outcome]).toEqual(['SERVICE_NOT_AVAILABLE', 'ok']);
      const acked = [...names(50), ...names(full.acked as number)];
      const [meanwhile, later, restarted] = events.filter(({ command }) => command === 'read') as [Told, Told, Told];
      expect(meanwhile.bodies).toEqual(acked);
      expect(later.bodies).toEqual([...acked, 'after']);
      expect(restarted.bodies).toEqual([...acked, 'after']);
    },
    LIMIT_MS,
  );

  withMounts(
    'mounted read-only: a start is refused by name and changes nothing; mounted for writing again all is there',
    () => {
      const store = join(tempRoot(), 'store');
      mkdirSync(store);
      const inner = [
        'mount -t tmpfs -o size=8m none "$0"',
        `printf 'fill 20 100\ndie\n' | "$@"`,
        'mount -o remount,ro "$0"',
        `printf 'read\n' | "$@"`,
        'mount -o remount,rw "$0"',
        `printf 'read\nput after\nstop\n' | "$@"`,
      ].join('; ');
      const events = told('unshare', ['-Urm', 'sh', '-c', inner, store, ...node(store, 'ASYNC_FLUSH')], '');
      const refused = events.find((each) => each.refused !== undefined);
      expect(refused).toMatchObject({
        refused: 'FILE_IO',
        message: expect.stringMatching(/store.*(EROFS|read-only)/i),
      });
      expect(of(events, 'read').bodies).toEqual(names(20));
      expect(of(events, 'put').outcome).toBe('ok');
    },
    LIMIT_MS,
  );

  withStrace.each([
    ['EIO on a write', 'ASYNC_FLUSH', 'pwrite64', 'EIO'],
    ['a file system that the kernel turned read-only while it ran', 'SYNC_FLUSH', 'pwrite64', 'EROFS'],
    ['EIO on datasync', 'ASYNC_FLUSH', 'fdatasync', 'EIO'],
    ['EIO on datasync', 'SYNC_FLUSH', 'fdatasync', 'EIO'],
  ])(
    '%s (%s): told, refused, over when the disk takes it again',
    (_name, flush, call, error) => {
      const root = tempRoot();
      const commands = ['fill 5000 100', 'refused', 'put no', 'writable', 'put after', 'read', 'die'];
      const events = run(failing(root, call, error, '6..7'), root, flush, commands);
      const filled = of(events, 'fill');
      expect(filled.outcome).toMatch(/STORE_FAILED|SERVICE_NOT_AVAILABLE/);
      expect(of(events, 'refused').failed).toContain('the commit log failed');
      const [refused, after] = events.filter(({ command }) => command === 'put') as [Told, Told];
      expect([refused.outcome, after.outcome]).toEqual(['SERVICE_NOT_AVAILABLE', 'ok']);
      const acked = names(filled.acked as number);
      const bodies = of(events, 'read').bodies as string[];
      expect(bodies.slice(0, acked.length)).toEqual(acked);
      // The one that was told as failed may be there after a failed sync, as after a timeout.
      const unsure = call === 'fdatasync' ? [`${filled.acked}:`] : [];
      expect([
        [...acked, 'after'],
        [...acked, ...unsure, 'after'],
      ]).toContainEqual(bodies);
      expect(of(run([], root, flush, ['read', 'stop']), 'read').bodies).toEqual(bodies);
    },
    LIMIT_MS,
  );

  withStrace(
    'EIO on datasync that stays until kill -9: nothing acknowledged is lost',
    () => {
      const root = tempRoot();
      const commands = ['fill 5000 100', 'refused', 'die'];
      const events = run(failing(root, 'fdatasync', 'EIO', '6+'), root, 'SYNC_FLUSH', commands);
      const acked = names(of(events, 'fill').acked as number);
      expect(acked.length).toBeGreaterThan(1);
      const bodies = of(run([], root, 'SYNC_FLUSH', ['read', 'stop']), 'read').bodies as string[];
      expect(bodies.slice(0, acked.length)).toEqual(acked);
      expect(bodies.length).toBeLessThanOrEqual(acked.length + 1);
    },
    LIMIT_MS,
  );
});
