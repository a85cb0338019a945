import { nodeHost, silentLog, type Host } from '@batonmq/host';
import { Consumer } from '../src';
import { FakeCluster } from './fake-cluster';

/** Resolves the promise when `count` values were given. */
function collector(count: number): { give: (value: string) => void; all: Promise<string[]> } {
  const values: string[] = [];
  let done: (values: string[]) => void = () => {};
  const all = new Promise<string[]>((resolve) => (done = resolve));
  const give = (value: string): void => void (values.push(value) === count && done([...values]));
  return { give, all };
}

describe('Consumer', () => {
  jest.setTimeout(60_000);
  let cluster: FakeCluster;
  const options = () => ({ nameServers: cluster.address, group: 'readers', topic: 'Orders' });
  const put = (body: string, queueId = 0): number => cluster.store.put('Orders', queueId, '', Buffer.from(body));

  beforeEach(async () => {
    cluster = new FakeCluster('Orders');
    await cluster.server.start();
  });
  afterEach(() => cluster.server.stop());

  it('handles what is there and what comes, in the order of the queue', async () => {
    put('one');
    put('two');
    const { give, all } = collector(3);
    const consumer = new Consumer(nodeHost(silentLog), options(), ({ body }) => {
      give(String(body));
      if (String(body) === 'two') put('three');
    });
    await consumer.start();
    expect(await all).toEqual(['one', 'two', 'three']);
    await consumer.stop();
    expect(cluster.members.size).toBe(0);
  });

  it('begins where its group is', async () => {
    for (const body of ['one', 'two', 'three']) put(body);
    cluster.committed.set(0, 2);
    const { give, all } = collector(1);
    const consumer = new Consumer(nodeHost(silentLog), options(), ({ body }) => give(String(body)));
    await consumer.start();
    expect(await all).toEqual(['three']);
    await consumer.stop();
  });

  it('hands a message to a handler that failed once more, and commits nothing before', async () => {
    put('hard');
    const { give, all } = collector(2);
    let failures = 0;
    const consumer = new Consumer(nodeHost(silentLog), options(), ({ body }) => {
      give(`${String(body)}, committed ${cluster.committed.get(0)}`);
      if (failures++ === 0) throw new Error('not yet');
    });
    await consumer.start();
    expect(await all).toEqual(['hard, committed 0', 'hard, committed 0']);
    await consumer.stop();
  });

  it('leaves no timer behind when it is stopped while it starts', async () => {
    const host = nodeHost(silentLog);
    let running = 0;
    const timers: Host['timers'] = {
      after: host.timers.after.bind(host.timers),
      endOfTurn: host.timers.endOfTurn.bind(host.timers),
      every: () => {
        running += 1;
        return () => void (running -= 1);
      },
    };
    const consumer = new Consumer({ ...host, timers }, options(), () => {});
    const starting = consumer.start();
    await consumer.stop();
    await starting;
    expect(running).toBe(0);
  });
});
