import type { MessageStore } from '@batonmq/broker-store';
import { RequestCode, RequestRefused, ResponseCode, brokerHeaders, type RequestRouter } from '@batonmq/remoting';

/** Messages by id and by key (broker.md 11). @source QueryMessageProcessor */
export function routeQueryRequests(router: RequestRouter, store: MessageStore, defaultQueryMaxNum: number): void {
  router.handle(RequestCode.VIEW_MESSAGE_BY_ID, (request) => {
    const { offset } = brokerHeaders.ViewMessageRequest.decode(request.extFields);
    const record = store.messageAt(offset);
    if (record === undefined)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `can not find message by offset: ${offset}`);
    return { code: ResponseCode.SUCCESS, body: record };
  });

  router.handle(RequestCode.QUERY_MESSAGE, (request) => {
    const { topic, key, maxNum, beginTimestamp, endTimestamp } = brokerHeaders.QueryMessageRequest.decode(
      request.extFields,
    );
    const limit = request.extFields['_UNIQUE_KEY_QUERY'] === 'true' ? defaultQueryMaxNum : maxNum;
    const found = store.queryByKey(topic, key, limit, beginTimestamp, endTimestamp);
    const { indexLastUpdateTimestamp, indexLastUpdatePhyoffset } = found;
    const header = brokerHeaders.QueryMessageResponse.encode({ indexLastUpdateTimestamp, indexLastUpdatePhyoffset });
    if (found.records.length > 0) return { code: ResponseCode.SUCCESS, header, body: found.records };
    return { code: ResponseCode.QUERY_NOT_FOUND, remark: 'can not find message, maybe time range not correct', header };
  });
}
