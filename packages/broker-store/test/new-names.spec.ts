import { nodeHost, silentLog } from '@batonmq/host';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/**
 * Found by the whole-cluster simulation: after a clean stop, and below the checkpoint, queues are trusted as they are; a
 * power loss took the names of queue files that nobody had synced, and the replica never served those messages.
 */
it('syncs the names of new queue files before it says that they are safe', async () => {
  const root = tempRoot();
  const host = nodeHost(silentLog);
  const steps: string[] = [];
  const files = Object.assign(Object.create(host.files) as typeof host.files, {
    syncDir: (path: string) => {
      steps.push(path.slice(root.length));
      host.files.syncDir(path);
    },
    remove: (path: string) => {
      steps.push(`remove ${path.slice(root.length)}`);
      host.files.remove(path);
    },
  });
  const fixture = await Fixture.open(root, {}, { ...host, files });
  await fixture.put(message('T', 0, 'a'), message('T', 1, 'b'));
  steps.length = 0;
  await fixture.store.stop();
  const before = steps.slice(0, steps.indexOf('remove /abort'));
  for (const path of ['/consumequeue/T/0', '/consumequeue/T/1', '/consumequeue/T', '/consumequeue', ''])
    expect(before).toContain(path);
});
