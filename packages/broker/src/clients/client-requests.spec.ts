import { RequestCode, RequestRouter, writeJson, type Peer, type RemotingCommand } from '@batonmq/remoting';
import type { SubscriptionGroups } from '../groups/subscription-groups';
import type { QueueLocks } from '../locks/queue-locks';
import { BrokerRole } from '../role';
import type { TopicConfig } from '../topics/topic-config';
import type { TopicTable } from '../topics/topic-table';
import { ClientRegistry } from './client-registry';
import { routeClientRequests } from './client-requests';

describe('a heartbeat of a consumer', () => {
  const body = writeJson({ clientID: 'c', consumerDataSet: [{ groupName: 'billing', subscriptionDataSet: [] }] });

  it.each([
    ['a master that has the group', 'master', true, true, ['%RETRY%billing']],
    ['a master where the group may not be made', 'master', false, false, []],
    ['a slave, whose table may be behind', 'slave', false, true, []],
    ['a broker without a role, which may be master soon', 'none', false, true, []],
  ] as const)('to %s', async (_what, current, known, registered, made) => {
    const role = new BrokerRole();
    role.current = current;
    const clients = new ClientRegistry({ monotonicMs: () => 0, wallMs: () => 0 }, () => undefined);
    const topics: string[] = [];
    const router = new RequestRouter();
    routeClientRequests(router, {
      clients,
      role,
      groups: { find: () => (known ? { retryQueueNums: 1 } : undefined) } as unknown as SubscriptionGroups,
      topics: {
        get: () => undefined,
        put: (topic: TopicConfig) => topics.push(topic.topicName),
      } as unknown as TopicTable,
      locks: {} as QueueLocks,
    });
    const answered = new Promise<number>((resolve) => {
      const peer = { id: 1, respond: (_to: unknown, { code }: { code: number }) => resolve(code) } as unknown as Peer;
      const request = { code: RequestCode.HEART_BEAT, flag: 0, extFields: {}, body } as unknown as RemotingCommand;
      router.dispatch(request, peer, (_failed, error) => {
        throw error;
      });
    });
    expect(await answered).toBe(0);
    expect(clients.consumerGroup('billing') !== undefined).toBe(registered);
    expect(topics).toEqual(made);
  });
});
