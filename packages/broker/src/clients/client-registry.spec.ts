import type { Peer } from '@batonmq/remoting';
import { ClientRegistry } from './client-registry';
import { readHeartbeat } from './heartbeat';

describe('ClientRegistry', () => {
  let now = 0;
  let changes: string[] = [];
  const clock = { monotonicMs: () => now, wallMs: () => 0 };
  const make = (): ClientRegistry => new ClientRegistry(clock, ({ group }) => changes.push(group));
  const peer = (id: number): Peer => ({ id, close: jest.fn() }) as unknown as Peer;
  const beat = (registry: ClientRegistry, from: Peer, topics: Record<string, number>): void => {
    const subscriptionDataSet = Object.entries(topics).map(([topic, subVersion]) => ({ topic, subVersion }));
    const data = {
      clientID: `client-${from.id}`,
      consumerDataSet: [{ groupName: 'readers', subscriptionDataSet }],
      producerDataSet: [{ groupName: 'producers' }],
    };
    registry.heartbeat(readHeartbeat(Buffer.from(JSON.stringify(data))), from, 'JAVA', 1, () => true);
  };

  beforeEach(() => {
    now = 0;
    changes = [];
  });

  it('tells of members and topics that come and go, of nothing else', () => {
    const registry = make();
    const [one, two] = [peer(1), peer(2)];
    beat(registry, one, { A: 1 });
    beat(registry, one, { A: 1 });
    beat(registry, one, { A: 2 });
    expect(changes).toHaveLength(1);
    beat(registry, two, { A: 2 });
    beat(registry, two, { A: 2, B: 2 });
    beat(registry, two, { B: 2 });
    expect(changes).toHaveLength(4);
    expect([...(registry.consumerGroup('readers')?.subscriptions.keys() ?? [])]).toEqual(['B']);
    registry.connectionClosed(one);
    expect(changes).toHaveLength(5);
    registry.unregister(two, 'producers', 'readers');
    expect(changes).toHaveLength(6);
    expect(registry.consumerGroup('readers')).toBeUndefined();
    expect(registry.producerGroup('producers')).toBeUndefined();
  });

  it('keeps the newer of two subscriptions', () => {
    const registry = make();
    beat(registry, peer(1), { A: 5 });
    beat(registry, peer(2), { A: 4 });
    expect(registry.consumerGroup('readers')?.subscriptions.get('A')?.subVersion).toBe(5);
  });

  it('leaves out consumers that are not accepted', () => {
    const registry = make();
    const data = readHeartbeat(Buffer.from('{"clientID":"c","consumerDataSet":[{"groupName":"readers"}]}'));
    registry.heartbeat(data, peer(1), 'CPP', 1, () => false);
    expect([registry.consumerGroup('readers'), changes]).toEqual([undefined, []]);
  });

  it('closes connections without a heartbeat for 120 s', () => {
    const registry = make();
    const [silent, lively] = [peer(1), peer(2)];
    beat(registry, silent, { A: 1 });
    beat(registry, lively, { A: 1 });
    now = 120_000;
    beat(registry, lively, { A: 1 });
    registry.expire();
    expect(silent.close).not.toHaveBeenCalled();
    now = 120_001;
    registry.expire();
    expect(silent.close).toHaveBeenCalled();
    expect(lively.close).not.toHaveBeenCalled();
  });
});
