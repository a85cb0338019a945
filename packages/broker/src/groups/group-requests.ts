import {
  RequestCode,
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  readJson,
  writeJson,
  type RequestRouter,
} from '@batonmq/remoting';
import { confirmChange } from '../metadata/confirm-change';
import type { MetadataFeed } from '../metadata/metadata-feed';
import type { ConsumerOffsets } from '../offsets/consumer-offsets';
import type { BrokerRole } from '../role';
import { groupNameProblem } from '../topics/topic-names';
import { masterOnly } from '../topics/topic-requests';
import { subscriptionGroup, type SubscriptionGroup, type SubscriptionGroups } from './subscription-groups';

export interface GroupRequestParts {
  readonly groups: SubscriptionGroups;
  readonly offsets: ConsumerOffsets;
  readonly role: BrokerRole;
  readonly feed: Pick<MetadataFeed, 'whenSeen'>;
}

/** Consumer groups (broker.md 4). @source AdminBrokerProcessor */
export function routeGroupRequests(router: RequestRouter, { groups, offsets, role, feed }: GroupRequestParts): void {
  const put = (value: unknown): void => {
    const wanted = value as Partial<SubscriptionGroup>;
    const problem = groupNameProblem(wanted.groupName ?? '');
    if (problem !== undefined) throw new RequestRefused(ResponseCode.INVALID_PARAMETER, problem);
    groups.put(subscriptionGroup(wanted.groupName as string, wanted));
  };

  router.handle(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, async (request) => {
    masterOnly(role);
    put(request.body === undefined ? {} : readJson(request.body));
    await confirmChange(feed);
    return { code: ResponseCode.SUCCESS };
  });

  router.handle(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, async (request) => {
    masterOnly(role);
    const body = (request.body === undefined ? {} : readJson(request.body)) as { groupConfigList?: unknown[] };
    for (const one of body.groupConfigList ?? []) put(one);
    await confirmChange(feed);
    return { code: ResponseCode.SUCCESS };
  });

  router.handle(RequestCode.DELETE_SUBSCRIPTIONGROUP, (request) => {
    masterOnly(role);
    const { groupName, cleanOffset } = brokerHeaders.DeleteSubscriptionGroupRequest.decode(request.extFields);
    groups.delete(groupName);
    if (cleanOffset) offsets.removeGroup(groupName);
    return { code: ResponseCode.SUCCESS };
  });

  router.handle(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () => ({
    code: ResponseCode.SUCCESS,
    body: writeJson(groups.toJson()),
  }));

  router.handle(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, (request) => {
    const { group } = brokerHeaders.GroupRequest.decode(request.extFields);
    const found = groups.get(group);
    if (found === undefined)
      throw new RequestRefused(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `No group in this broker. group: ${group}`);
    return { code: ResponseCode.SUCCESS, body: writeJson(found) };
  });
}
