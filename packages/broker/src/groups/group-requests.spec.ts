import { RequestCode, RequestRouter, type Peer, type RemotingCommand, type Response } from '@batonmq/remoting';
import type { ConsumerOffsets } from '../offsets/consumer-offsets';
import { BrokerRole } from '../role';
import { routeGroupRequests } from './group-requests';
import type { SubscriptionGroups } from './subscription-groups';

// Known loss `topic-after-switch`: it holds for groups as for topics.
describe('creating a group', () => {
  const request = (code: number, body: unknown): RemotingCommand =>
    ({ code, flag: 0, extFields: {}, body: Buffer.from(JSON.stringify(body)) }) as unknown as RemotingCommand;

  it.each([
    ['one', RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { groupName: 'billing' }],
    ['a list', RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, { groupConfigList: [{ groupName: 'billing' }] }],
  ])('%s is answered when the in-sync replicas have it, and refused when they have not', async (_what, code, body) => {
    const role = new BrokerRole();
    role.current = 'master';
    const put: string[] = [];
    let seen: (all: boolean) => void = () => {};
    const router = new RequestRouter();
    routeGroupRequests(router, {
      groups: { put: (group: { groupName: string }) => put.push(group.groupName) } as unknown as SubscriptionGroups,
      offsets: {} as ConsumerOffsets,
      role,
      feed: { whenSeen: (_ms, done) => (seen = done) },
    });
    const answers: string[] = [];
    const peer = {
      respond: (_to: RemotingCommand, response: Response) => answers.push(`answer ${response.code}`),
    } as unknown as Peer;
    const ask = (): void =>
      router.dispatch(request(code, body), peer, (_failed, error) => answers.push((error as Error).message));
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

    ask();
    await settled();
    expect([put, answers]).toEqual([['billing'], []]);
    seen(true);
    await settled();
    expect(answers).toEqual(['answer 0']);

    ask();
    await settled();
    seen(false);
    await settled();
    expect(answers[1]).toMatch(/not all in-sync replicas have it/);
  });
});
