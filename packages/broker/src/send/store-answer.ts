import type { PutStatus } from '@batonmq/broker-store';
import { ResponseCode } from '@batonmq/remoting';

/** Remarks begin as RocketMQ's do, for those who search for them; `reason` is the store's own word. */
const withReason = (remark: string, reason: string): string => (reason === '' ? remark : `${remark}: ${reason}`);

/** What a client is told when the store refused (broker.md 2.6). */
export function refusalOf(status: Exclude<PutStatus, 'PUT_OK'>, reason = ''): { code: number; remark: string } {
  switch (status) {
    case 'MESSAGE_ILLEGAL':
      return {
        code: ResponseCode.MESSAGE_ILLEGAL,
        remark: withReason('the message is illegal', reason),
      };
    case 'PROPERTIES_SIZE_EXCEEDED':
      return {
        code: ResponseCode.MESSAGE_ILLEGAL,
        remark: withReason('the properties of the message exceed 32767 bytes', reason),
      };
    case 'SERVICE_NOT_AVAILABLE':
      return {
        code: ResponseCode.SERVICE_NOT_AVAILABLE,
        remark: withReason('service not available now', reason),
      };
    case 'OS_PAGE_CACHE_BUSY':
      return { code: ResponseCode.SYSTEM_BUSY, remark: '[PC_SYNCHRONIZED]broker busy, start flow control for a while' };
    default:
      return {
        code: ResponseCode.SYSTEM_ERROR,
        remark: withReason(`the store could not take the message, ${status}`, reason),
      };
  }
}
