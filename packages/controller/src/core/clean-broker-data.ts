import { ResponseCode } from '@batonmq/remoting';
import type { BrokerSet } from './broker-set';
import type { CleanBrokerDataCommand } from './command';
import { accept, refuse, type Decision } from './decision';
import { ascending } from './event';
import { mayBeAlive } from './live-view';

/**
 * Removes what was named and nothing else. The reference drops the whole set for `isCleanLivingBroker` whatever ids are
 * named, and for ids of `;` (known-losses.md `clean-drops-group`). Rules otherwise: controller.md 4.7.
 */
export function cleanBrokerData(set: BrokerSet | undefined, command: CleanBrokerDataCommand): Decision {
  const { brokerName, cleanLivingBroker, live } = command;
  const text = command.brokerIds ?? '';
  const whole = text.trim() === '';
  const ids = whole ? [] : parseIds(text);
  if (ids === undefined) return no(`broker ids "${text}" are not numbers joined with ";"`);
  if (!cleanLivingBroker && whole && set?.masterBrokerId !== undefined) {
    return no(`Broker ${brokerName} is still alive, clean up failure`);
  }
  const living =
    set && !cleanLivingBroker ? ids.find((id) => mayBeAlive(live, set, id) && set.members.has(id)) : undefined;
  if (living !== undefined) return no(`Broker ${living} of ${brokerName} is still alive, clean up failure`);
  if (set === undefined) return no(`Broker ${brokerName} is not existed,clean broker data failure.`);
  if (whole) return accept({}, { kind: 'brokerDataCleaned', brokerName, brokerIds: undefined });
  const known = ids.filter((id) => set.members.has(id));
  return known.length === 0 ? accept({}) : accept({}, { kind: 'brokerDataCleaned', brokerName, brokerIds: known });
}

function parseIds(text: string): number[] | undefined {
  const ids = text.split(';').map((item) => (/^\d{1,15}$/.test(item) ? Number(item) : undefined));
  // A `;` at the end is what joining tools leave behind; Java's split does not see it either.
  if (ids.length > 1 && text.endsWith(';')) ids.pop();
  const numbers = ids.filter((id) => id !== undefined);
  return numbers.length === ids.length && numbers.length > 0 ? ascending(numbers) : undefined;
}

function no(remark: string): Decision {
  return refuse(ResponseCode.CONTROLLER_INVALID_CLEAN_BROKER_METADATA, remark);
}
