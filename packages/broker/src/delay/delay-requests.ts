import type { MessageStore } from '@batonmq/broker-store';
import { RequestCode, ResponseCode, writeJson, type RequestRouter } from '@batonmq/remoting';
import type { DelayOffsets } from './delay-offsets';

/** Header field of our own on GET_ALL_DELAY_OFFSET: the end of the log that the offsets need; Java's slaves ignore it. */
export const DELAY_LOG_END = 'batonLogEnd';

/** GET_ALL_DELAY_OFFSET (45): what slaves ask for. */
export function routeDelayRequests(router: RequestRouter, store: MessageStore, offsets: DelayOffsets): void {
  router.handle(RequestCode.GET_ALL_DELAY_OFFSET, () => {
    const logEnd = store.dispatchedOffset();
    return {
      code: ResponseCode.SUCCESS,
      header: { [DELAY_LOG_END]: String(logEnd) },
      body: writeJson(offsets.toJson(logEnd)),
    };
  });
}
