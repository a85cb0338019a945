import { nodeHost, silentLog, type Host } from '@batonmq/host';
import { bodiesOf } from './check-store';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/** A host that counts what is read of the commit log. */
function countingHost(): { host: Host; readBytes(): number } {
  const host = nodeHost(silentLog);
  let bytes = 0;
  const files: Host['files'] = Object.assign(Object.create(host.files) as Host['files'], {
    open: (path: string, mode: 'read' | 'write' | 'create') => {
      const file = host.files.open(path, mode);
      if (!path.includes('commitlog')) return file;
      const readSync = file.readSync.bind(file);
      file.readSync = (...call) => {
        const got = readSync(...call);
        bytes += got;
        return got;
      };
      return file;
    },
  });
  return { host: { ...host, files }, readBytes: () => bytes };
}

it('a restart after a kill does not read the hole behind the end of the log', async () => {
  const root = tempRoot();
  const options = { mappedFileSizeCommitLog: 1 << 28 };
  const first = await Fixture.open(root, options);
  await first.put(...Array.from({ length: 20 }, (_, index) => message('T', 0, `m${index}`)));
  await first.kill();
  const { host, readBytes } = countingHost();
  const second = await Fixture.open(root, options, host);
  expect(bodiesOf(second.store, 'T', 0)).toHaveLength(20);
  const known = host.files.stat(`${root}/commitlog/00000000000000000000`)?.allocatedBytes;
  if (known !== undefined) expect(readBytes()).toBeLessThan(16 << 20);
  await second.store.stop();
});
