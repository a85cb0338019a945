import type { OpenFile } from '@batonmq/host';
import { fails, hostTest, isTrue, pattern, rejects, same, type It, type MakeHost } from './suite';

/** Files: what can be seen without pulling the plug. */
export function filesConformance(it: It, makeHost: MakeHost): void {
  const test = hostTest.bind(undefined, it, makeHost);

  test('what is not there: undefined, empty, or FILE_NOT_FOUND', async ({ host: { files }, directory }) => {
    const path = `${directory}/nothing`;
    same(files.stat(path), undefined, 'stat');
    same(files.readAll(path), undefined, 'readAll');
    same(files.list(path), [], 'list');
    files.remove(path);
    files.removeTree(path);
    fails('FILE_NOT_FOUND', 'open for reading', () => files.open(path, 'read'));
    fails('FILE_NOT_FOUND', 'open for writing', () => files.open(path, 'write'));
    fails('FILE_NOT_FOUND', 'create in a missing directory', () => files.open(`${path}/below`, 'create'));
    fails('FILE_NOT_FOUND', 'replace in a missing directory', () => files.replace(`${path}/below`, 'x'));
    fails('FILE_NOT_FOUND', 'rename', () => files.rename(path, `${directory}/other`));
  });

  test('reads what was written; holes are zeros; a read ends with the file', async ({ host: { files }, directory }) => {
    const file = files.open(`${directory}/f`, 'create');
    same(file.bytes(), 0, 'length of a new file');
    const bytes = pattern(10_000);
    file.writeSync(bytes, 1000, 9000, 5000);
    same(file.bytes(), 14_000, 'length');
    const back = Buffer.alloc(20_000, 1);
    same(file.readSync(back, 0, 20_000, 0), 14_000, 'bytes read');
    isTrue(
      back.subarray(0, 5000).every((byte) => byte === 0),
      'the hole is zeros',
    );
    isTrue(back.subarray(5000, 14_000).equals(bytes.subarray(1000)), 'the bytes are those written');
    same(back[14_000], 1, 'the byte after those read is untouched');
    same(file.readSync(back, 0, 10, 14_000), 0, 'bytes read at the end');
    same(file.readSync(back, 0, 10, 1e9), 0, 'bytes read far after the end');
    const parts = [back.subarray(7, 10), back.subarray(10, 10), back.subarray(20, 24), back.subarray(30, 1000)];
    same(await file.read(parts, 13_990), 10, 'bytes of an asynchronous read');
    const got = Buffer.concat([...parts.slice(0, 3), back.subarray(30, 33)]);
    isTrue(got.equals(bytes.subarray(9990)), 'an asynchronous read fills one buffer after another with the same');
    same(await file.read([], 0), 0, 'bytes read into no buffer');
    file.close();
  });

  test('truncating cuts, and growing again gives zeros, cheaply for a large file', async ({ host, directory }) => {
    const file = host.files.open(`${directory}/f`, 'create');
    file.writeSync(pattern(9000), 0, 9000, 0);
    file.truncateSync(4500);
    file.truncateSync(2 ** 30);
    same(file.bytes(), 2 ** 30, 'length');
    const back = Buffer.alloc(9000, 1);
    same(file.readSync(back, 0, 9000, 0), 9000, 'bytes read');
    isTrue(back.subarray(0, 4500).equals(pattern(9000).subarray(0, 4500)), 'what was kept is there');
    isTrue(
      back.subarray(4500).every((byte) => byte === 0),
      'what was cut is zeros',
    );
    file.writeSync(pattern(10), 0, 10, 2 ** 30 - 10);
    same(file.bytes(), 2 ** 30, 'length after a write at the end');
    file.truncateSync(0);
    file.close();
  });

  test('agrees with a plain buffer over many random operations', async ({ host, directory }) => {
    const file = host.files.open(`${directory}/f`, 'create');
    let model: Buffer = Buffer.alloc(0);
    const draw = (below: number): number => Math.floor(host.random.next() * below);
    for (let step = 0; step < 400; step++) {
      model = await mutate(file, model, draw);
      const back = Buffer.alloc(model.length + 10);
      same(file.readSync(back, 0, back.length, 0), model.length, `length after step ${step}`);
      isTrue(back.subarray(0, model.length).equals(model), `content after step ${step}`);
    }
    file.close();
  });

  test('an open file keeps its content through rename and removal', async ({ host: { files }, directory }) => {
    const file = files.open(`${directory}/one`, 'create');
    files.rename(`${directory}/one`, `${directory}/two`);
    file.writeSync(Buffer.from('abc'), 0, 3, 0);
    same(files.readAll(`${directory}/two`)?.toString(), 'abc', 'under the new name');
    files.remove(`${directory}/two`);
    file.writeSync(Buffer.from('def'), 0, 3, 3);
    same(file.bytes(), 6, 'length after removal');
    same(files.list(directory), [], 'names');
    file.close();
  });

  test('refuses to write what was opened for reading, and all on a closed file', async ({ host, directory }) => {
    const path = `${directory}/f`;
    host.files.replace(path, 'content');
    const file = host.files.open(path, 'read');
    fails('FILE_IO', 'write', () => file.writeSync(Buffer.from('x'), 0, 1, 0));
    fails('FILE_IO', 'truncate', () => file.truncateSync(0));
    file.close();
    file.close();
    fails('FILE_IO', 'read', () => file.readSync(Buffer.alloc(1), 0, 1, 0));
    fails('FILE_IO', 'bytes', () => file.bytes());
    fails('FILE_IO', 'datasyncSync', () => file.datasyncSync());
    await rejects('FILE_IO', 'read', file.read([Buffer.alloc(1)], 0));
    await rejects('FILE_IO', 'datasync', file.datasync());
    fails('FILE_IO', 'opening a directory for writing', () => host.files.open(directory, 'write'));
    fails('FILE_IO', 'listing a file', () => host.files.list(path));
    fails('FILE_IO', 'removing a directory as a file', () => host.files.remove(directory));
  });

  test('closing does not disturb what is under way', async ({ host, directory }) => {
    const path = `${directory}/f`;
    host.files.replace(path, pattern(50_000));
    const file = host.files.open(path, 'write');
    const back = Buffer.alloc(50_000);
    const reading = file.read([back], 0);
    const syncing = file.datasync();
    file.close();
    const others = Array.from({ length: 8 }, (_, at) => host.files.open(`${directory}/other${at}`, 'create'));
    same(await reading, 50_000, 'bytes read');
    isTrue(back.equals(pattern(50_000)), 'the content is the file’s');
    await syncing;
    for (const other of others) other.close();
  });

  test('lists names sorted, with directories and sizes', async ({ host: { files }, directory }) => {
    files.makeDirs(`${directory}/b/deep/er`);
    files.makeDirs(`${directory}/b/deep`);
    files.replace(`${directory}/c`, 'four');
    files.replace(`${directory}/a`, Buffer.from('x'));
    same(files.list(directory), ['a', 'b', 'c'], 'names');
    same(files.stat(`${directory}/b`)?.kind, 'directory', 'kind');
    const stat = files.stat(`${directory}/c`);
    same([stat?.kind, stat?.bytes], ['file', 4], 'stat of a file');
    isTrue((stat?.modifiedMs ?? 0) > 1.6e12, 'the time of the last change is one of these years');
    files.removeTree(`${directory}/b`);
    same(files.list(directory), ['a', 'c'], 'names after removeTree');
    files.rename(`${directory}/a`, `${directory}/c`);
    same(files.list(directory), ['c'], 'names after a rename onto another');
    same(files.readAll(`${directory}/c`)?.toString(), 'x', 'content after it');
  });

  test('replace changes the whole file, and leaves nothing else', async ({ host: { files }, directory }) => {
    const path = `${directory}/conf`;
    files.replace(path, 'a long first content');
    files.replace(path, 'kurz ü');
    same(files.readAll(path)?.toString(), 'kurz ü', 'content');
    files.replace(path, '');
    same(files.readAll(path)?.length, 0, 'length of nothing');
    same(files.list(directory), ['conf'], 'names');
    files.syncDir(directory);
  });

  test('a lock excludes everyone else until released, and is not lost by trying', async ({ host, directory }) => {
    const path = `${directory}/below/lock`;
    const lock = await host.files.lock(path);
    await rejects('FILE_LOCKED', 'the second lock', host.files.lock(path));
    await rejects('FILE_LOCKED', 'the third lock', host.files.lock(path));
    const other = await host.files.lock(`${directory}/below/other`);
    await lock.release();
    await lock.release();
    const again = await host.files.lock(path);
    await rejects('FILE_LOCKED', 'after taking it again', host.files.lock(path));
    await again.release();
    await other.release();
  });

  test('only one of many who ask at once gets the lock', async ({ host, directory }) => {
    const asked = Array.from({ length: 5 }, () => host.files.lock(`${directory}/lock`));
    const outcomes = await Promise.allSettled(asked);
    const holders = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    same(holders.length, 1, 'holders');
    await holders[0]?.release();
  });

  test('knows the size of the disk', async ({ host, directory }) => {
    const usage = host.files.diskUsage(directory);
    isTrue(usage.totalBytes > 0 && usage.availableBytes <= usage.totalBytes, 'the parts are not more than the whole');
  });
}

async function mutate(file: OpenFile, model: Buffer, draw: (below: number) => number): Promise<Buffer> {
  const choice = draw(10);
  if (choice === 0) {
    const bytes = draw(30_000);
    file.truncateSync(bytes);
    return Buffer.concat([model.subarray(0, bytes), Buffer.alloc(Math.max(bytes - model.length, 0))]);
  }
  if (choice === 1) {
    await file.datasync();
    return model;
  }
  const bytes = pattern(draw(choice === 2 ? 20_000 : 600), draw(1000));
  const at = draw(25_000);
  file.writeSync(bytes, 0, bytes.length, at);
  if (bytes.length === 0) return model;
  const next = Buffer.concat([model, Buffer.alloc(Math.max(at + bytes.length - model.length, 0))]);
  bytes.copy(next, at);
  return next;
}
