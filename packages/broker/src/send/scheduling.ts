import { SYS_FLAG, type MessageInput } from '@batonmq/broker-store';
import type { Clock } from '@batonmq/host';
import { redirectTimed, withoutTimerRequests, type TimerRefusal, type TimerRules } from '../timer/timer-request';
import { redirectDelayed } from './message-builder';

const COMMITTED = 0x8;

/** Where a message is stored until its time has come: level first, free time second (broker.md 12.1). @source HookUtils.handleScheduleMessage */
export class Scheduling {
  constructor(
    private readonly clock: Pick<Clock, 'wallMs'>,
    private readonly rules: TimerRules & { readonly delayLevels: number },
    private readonly isCrowded: (slotMs: number) => boolean,
  ) {}

  /** @returns the message as it is to be stored, or why it is refused */
  place(message: MessageInput): MessageInput | TimerRefusal {
    const transaction = message.sysFlag & SYS_FLAG.transactionMask;
    if (transaction !== 0 && transaction !== COMMITTED) return message;
    const delayed = redirectDelayed(message, this.rules.delayLevels);
    if (delayed !== message) return withoutTimerRequests(delayed);
    return redirectTimed(message, this.rules, this.clock.wallMs(), this.isCrowded);
  }
}
