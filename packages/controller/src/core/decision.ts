import { ResponseCode, type ExtFields } from '@batonmq/remoting';
import type { Event } from './event';

/** What the asker is told. `body` is a JSON value. */
export interface Outcome {
  readonly code: number;
  readonly remark?: string | undefined;
  readonly header?: ExtFields | undefined;
  readonly body?: unknown;
}

/** The answer to a request, and what it changes; without events nothing needs to be replicated. */
export interface Decision {
  readonly outcome: Outcome;
  readonly events: readonly Event[];
}

export function accept(outcome: Omit<Outcome, 'code'>, ...events: Event[]): Decision {
  return { outcome: { code: ResponseCode.SUCCESS, ...outcome }, events };
}

export function refuse(code: number, remark: string, header?: ExtFields): Decision {
  return { outcome: { code, remark, header }, events: [] };
}

/** The body of the same name: every set the brokers get travels in this form (controller.md 3). */
export function syncStateSetBody(set: {
  readonly syncStateSet: readonly number[];
  readonly syncStateSetEpoch: number;
}) {
  return { syncStateSet: set.syncStateSet, syncStateSetEpoch: set.syncStateSetEpoch };
}
