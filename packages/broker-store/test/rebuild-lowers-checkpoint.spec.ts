import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHost, silentLog, type Host } from '@batonmq/host';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

const QUEUES_TIME_AT = 8;
const MESSAGES = 20;

/** Notes what happens to queue files, and the queue time of each checkpoint written, in their order. */
function watchedHost(): { host: Host; steps: (string | bigint)[] } {
  const host = nodeHost(silentLog);
  const steps: (string | bigint)[] = [];
  const files: Host['files'] = Object.assign(Object.create(host.files) as Host['files'], {
    open: (path: string, mode: 'read' | 'write' | 'create') => {
      const file = host.files.open(path, mode);
      const { truncateSync, writeSync } = file;
      if (path.includes('consumequeue'))
        file.truncateSync = (bytes) => {
          if (bytes < MESSAGES * 20) steps.push('cut');
          truncateSync.call(file, bytes);
        };
      if (path.endsWith('checkpoint'))
        file.writeSync = (source, start, length, position) => {
          if (length > 8) steps.push(source.readBigInt64BE(start + QUEUES_TIME_AT));
          writeSync.call(file, source, start, length, position);
        };
      return file;
    },
    remove: (path: string) => {
      if (path.includes('consumequeue')) steps.push('cut');
      host.files.remove(path);
    },
  });
  return { host: { ...host, files }, steps };
}

/**
 * Found by the crash simulation: after a kill queues were made anew, the checkpoint still called their units synced, and a
 * power loss took those that no later recovery looked for.
 */
it('queues that are made anew count as synced no more before they are touched', async () => {
  const root = tempRoot();
  const first = await Fixture.open(root);
  await first.put(...Array.from({ length: MESSAGES }, (_, index) => message('T', 0, `m${index}`)));
  await first.store.stop();
  const checkpoint = join(root, 'checkpoint');
  const said = readFileSync(checkpoint).readBigInt64BE(QUEUES_TIME_AT);
  expect(said).toBeGreaterThan(0n);
  writeFileSync(join(root, 'abort'), '');
  const { host, steps } = watchedHost();
  const second = await Fixture.open(root, {}, host);
  const firstCut = steps.indexOf('cut');
  expect(firstCut).toBeGreaterThan(0);
  expect(steps.slice(0, firstCut).some((step) => typeof step === 'bigint' && step < said)).toBe(true);
  await second.store.stop();
});
