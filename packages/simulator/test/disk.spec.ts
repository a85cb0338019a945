import type { Host } from '@batonmq/host';
import { World } from '../src';
import { settle } from './settle';

const SEEDS = Array.from({ length: 200 }, (_, at) => at);

function machineOf(seed: number): { world: World; boot: () => Host; crash: () => void; kill: () => void } {
  const world = new World({ seed });
  const machine = world.machine('m');
  return { world, boot: () => machine.boot(), crash: () => machine.crash(), kill: () => machine.kill() };
}

function write(host: Host, path: string, bytes: Buffer, at = 0): void {
  const file = host.files.open(path, 'create');
  file.writeSync(bytes, 0, bytes.length, at);
  file.close();
}

describe('a crash', () => {
  it('leaves what was synced, and of the rest whole sectors: none, some or all of them', () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS) {
      const { boot, crash } = machineOf(seed);
      const { files } = boot();
      files.makeDirs('/d');
      const file = files.open('/d/f', 'create');
      file.writeSync(Buffer.alloc(10_000, 1), 0, 10_000, 0);
      file.datasyncSync();
      files.syncDir('/d');
      file.writeSync(Buffer.alloc(5000, 2), 0, 5000, 8000);
      crash();
      const after = boot().files.readAll('/d/f') as Buffer;
      expect(after.length).toBeGreaterThanOrEqual(10_000);
      expect(after.length).toBeLessThanOrEqual(13_000);
      expect(after.subarray(0, 8000).every((byte) => byte === 1)).toBe(true);
      const kinds = sectorKinds(after, 8000);
      outcomes.add(kinds.join(''));
      if (after.length === 10_000) outcomes.add('old length');
      if (after.length === 13_000) outcomes.add('new length');
    }
    expect(outcomes.has('old length') && outcomes.has('new length')).toBe(true);
    expect([...outcomes].some((kinds) => /1+2+1+2|2+1+2/.test(kinds))).toBe(true);
    expect([...outcomes].some((kinds) => kinds.includes('0'))).toBe(true);
    expect(outcomes.size).toBeGreaterThan(20);
  });

  it('takes a sync that has not completed as none, and one that has as done', async () => {
    let lost = 0;
    for (const seed of SEEDS.slice(0, 60)) {
      const { world, boot, crash } = machineOf(seed);
      const host = boot();
      host.files.makeDirs('/d');
      const file = host.files.open('/d/f', 'create');
      host.files.syncDir('/d');
      file.writeSync(Buffer.from('first'), 0, 5, 0);
      await settle(world, file.datasync());
      file.writeSync(Buffer.from('other'), 0, 5, 0);
      let synced = false;
      void file.datasync().then(() => (synced = true));
      file.writeSync(Buffer.from('third'), 0, 5, 0);
      const inTime = seed % 2 === 0;
      if (inTime) await world.run(100, () => synced);
      crash();
      const after = boot().files.readAll('/d/f')?.toString();
      expect(inTime ? ['other', 'third'] : ['first', 'other', 'third']).toContain(after);
      if (after === 'first') lost++;
    }
    expect(lost).toBeGreaterThan(5);
  });

  it('may undo names that no syncDir covered, but a rename is whole, and replace is safe', () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS) {
      const { boot, crash } = machineOf(seed);
      const { files } = boot();
      files.makeDirs('/d');
      files.replace('/d/conf', 'old');
      files.replace('/d/conf', 'new');
      write({ files } as Host, '/d/one', Buffer.from('x'));
      files.syncDir('/d');
      files.rename('/d/one', '/d/two');
      write({ files } as Host, '/d/three', Buffer.from('x'));
      files.remove('/d/two');
      crash();
      const after = boot().files;
      expect(after.readAll('/d/conf')?.toString()).toBe('new');
      const names = after.list('/d').filter((name) => name !== 'conf');
      expect(names.includes('one') && names.includes('two')).toBe(false);
      outcomes.add(names.join());
    }
    expect([...outcomes].sort()).toEqual(['', 'one', 'one,three', 'three', 'three,two', 'two']);
  });

  it('may lose a whole directory, until something in it was synced', () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS.slice(0, 40)) {
      const { boot, crash } = machineOf(seed);
      const { files } = boot();
      files.makeDirs('/lost/below');
      files.makeDirs('/kept/below');
      files.syncDir('/kept/below');
      crash();
      const after = boot().files;
      expect(after.stat('/kept/below')?.kind).toBe('directory');
      outcomes.add(String(after.stat('/lost/below')?.kind));
    }
    expect([...outcomes].sort()).toEqual(['directory', 'undefined']);
  });

  it('keeps a directory that was removed, made again and synced below, at its new state', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const machine = new World({ seed }).machine('m');
      const { files } = machine.boot();
      files.makeDirs('/d/topic');
      files.syncDir('/d');
      files.removeTree('/d/topic');
      files.makeDirs('/d/topic/0');
      files.syncDir('/d/topic/0');
      machine.crash();
      expect(machine.boot().files.stat('/d/topic/0')?.kind).toBe('directory');
    }
  });

  it('does not bring back what was cut off', () => {
    for (const seed of SEEDS) {
      const { boot, crash } = machineOf(seed);
      const { files } = boot();
      files.makeDirs('/d');
      const file = files.open('/d/f', 'create');
      file.writeSync(Buffer.alloc(6000, 1), 0, 6000, 0);
      file.datasyncSync();
      files.syncDir('/d');
      file.truncateSync(1000);
      file.datasyncSync();
      file.truncateSync(9000);
      crash();
      const after = boot().files.readAll('/d/f') as Buffer;
      expect(after.subarray(0, 1000).every((byte) => byte === 1)).toBe(true);
      expect(after.subarray(1000).every((byte) => byte === 0)).toBe(true);
    }
  });
});

describe('a kill', () => {
  it('keeps the page cache, and lets go of locks', async () => {
    const { world, boot, kill } = machineOf(1);
    const host = boot();
    host.files.makeDirs('/d');
    write(host, '/d/f', Buffer.from('kept'));
    await settle(world, host.files.lock('/d/lock'));
    kill();
    const next = boot();
    expect(next.files.readAll('/d/f')?.toString()).toBe('kept');
    await settle(world, next.files.lock('/d/lock'));
    await expect(settle(world, next.files.lock('/d/lock'))).rejects.toMatchObject({ code: 'FILE_LOCKED' });
  });
});

describe('disk faults', () => {
  it('fail writes after a random part, for the files concerned, until healed', () => {
    const { world, boot } = machineOf(1);
    const { files } = boot();
    const { disk } = world.machine('m');
    files.makeDirs('/d');
    const file = files.open('/d/log', 'create');
    disk.failWrites('DISK_FULL', (path) => path.endsWith('log'));
    let most = 0;
    for (let round = 0; round < 20; round++) {
      expect(() => file.writeSync(Buffer.alloc(100, 1), 0, 100, 0)).toThrow(
        expect.objectContaining({ code: 'DISK_FULL' }),
      );
      most = Math.max(most, file.bytes());
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(100);
    files.replace('/d/other', 'fine');
    expect(() => files.open('/d/new.log', 'create')).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
    disk.heal();
    file.writeSync(Buffer.alloc(100, 1), 0, 100, 0);
    expect(disk.usedBytes()).toBe(8192);
  });

  it('fail syncs for good: a later success does not save what the failed one covered', async () => {
    const { world, boot, crash } = machineOf(3);
    const host = boot();
    const { disk } = world.machine('m');
    disk.writeBackRate = 0;
    host.files.makeDirs('/d');
    const file = host.files.open('/d/f', 'create');
    file.truncateSync(8192);
    host.files.syncDir('/d');
    await settle(world, file.datasync());
    file.writeSync(Buffer.alloc(4096, 1), 0, 4096, 0);
    disk.failSyncs();
    const both = Promise.allSettled([file.datasync(), file.datasync()]);
    expect((await settle(world, both)).map((one) => one.status)).toEqual(['rejected', 'rejected']);
    expect(() => host.files.replace('/d/g', 'x')).toThrow(expect.objectContaining({ code: 'FILE_IO' }));
    disk.heal();
    file.writeSync(Buffer.alloc(4096, 2), 0, 4096, 4096);
    await settle(world, file.datasync());
    expect(file.readSync(Buffer.alloc(1), 0, 1, 0)).toBe(1);
    crash();
    const after = boot().files.readAll('/d/f') as Buffer;
    expect(after.subarray(4096).every((byte) => byte === 2)).toBe(true);
    expect(after.subarray(0, 4096).every((byte) => byte === 1)).toBe(false);
  });

  it('slow syncs down', async () => {
    const { world, boot } = machineOf(1);
    const { files } = boot();
    files.makeDirs('/d');
    const file = files.open('/d/f', 'create');
    world.machine('m').disk.slow(500);
    await settle(world, file.datasync());
    expect(world.now()).toBeGreaterThan(500);
  });
});

/** One digit for each run of equal bytes. */
function sectorKinds(bytes: Buffer, from: number): number[] {
  const kinds: number[] = [];
  for (const byte of bytes.subarray(from)) if (kinds.at(-1) !== byte) kinds.push(byte);
  return kinds;
}
