import { encodeCheck } from '@batonmq/broker-store';
import { RequestCode, RequestRefused, ResponseCode, writeJson, type RequestRouter } from '@batonmq/remoting';
import type { TimerService } from './timer-service';

/** Header field of our own on GET_TIMER_CHECK_POINT: the end of the log that the progress needs; Java's slaves ignore it. */
export const TIMER_LOG_END = 'batonLogEnd';

/** GET_TIMER_CHECK_POINT (60) and GET_TIMER_METRICS (61): what slaves and tools ask about the timer. */
export function routeTimerRequests(router: RequestRouter, timer: TimerService | undefined): void {
  router.handle(RequestCode.GET_TIMER_CHECK_POINT, () => {
    const told = timer?.told();
    if (told === undefined) throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'The checkpoint is null');
    return {
      code: ResponseCode.SUCCESS,
      header: { [TIMER_LOG_END]: String(told.logEnd) },
      body: encodeCheck(told.check),
    };
  });
  router.handle(RequestCode.GET_TIMER_METRICS, () => {
    if (timer === undefined) throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'The timer message store is null');
    return { code: ResponseCode.SUCCESS, body: writeJson(timer.metrics.toJson()) };
  });
}
