import { ResponseCode, controllerHeaders } from '@batonmq/remoting';
import { candidatesOf, masterAddressOf, type BrokerSet } from './broker-set';
import type { RegisterBrokerCommand } from './command';
import { accept, refuse, syncStateSetBody, type Decision } from './decision';
import { electionOf, vacancyOf } from './elect-master';
import { electMaster } from './election-policy';
import { applyEvent, type Event } from './event';
import { liveBroker, mayBeAlive } from './live-view';

/**
 * A broker that starts says where it is and learns who leads (controller.md 3.4).
 *
 * Departure from the reference: when the recorded master itself registers, its process has started anew and holds no
 * role. The reference would name it as its own live master, in the old epoch, although it may have lost the end of its
 * log with the power: two histories under one epoch. Here it loses its office at once, to another live member of the
 * SyncStateSet or to nobody; in the latter case it asks for an election, as any broker that is told of no master, and
 * leads again in a new epoch.
 *
 * A member that says its machine lost power leaves the SyncStateSet, as long as anybody else is in it: what it
 * acknowledged last may be gone. It comes back as any replica does, when it has caught up (`lazy-flush`).
 */
export function registerBroker(set: BrokerSet | undefined, command: RegisterBrokerCommand): Decision {
  const { clusterName, brokerName, brokerId, brokerAddress, live } = command;
  const member = set?.members.get(brokerId);
  if (set === undefined || member === undefined) {
    const remark =
      set === undefined
        ? `Broker-set: ${brokerName} hasn't been registered in controller`
        : `BrokerId: ${brokerId} hasn't been registered in broker-set: ${brokerName}`;
    const header = controllerHeaders.RegisterBrokerToControllerResponse.encode({ clusterName, brokerName });
    return refuse(ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED, remark, header);
  }
  const events: Event[] = [];
  const { confirmsMastership = false, unsyncedTailLost = false } = command;
  if (member.address !== brokerAddress || (member.confirmsMastership ?? false) !== confirmsMastership) {
    events.push({ kind: 'memberUpdated', brokerName, brokerId, address: brokerAddress, confirmsMastership });
  }
  if (set.masterBrokerId === brokerId) events.push(succession(set, command));
  if (unsyncedTailLost && candidatesOf(set).includes(brokerId)) events.push({ kind: 'tailLost', brokerName, brokerId });
  const next = events.reduce<BrokerSet | undefined>(applyEvent, set) as BrokerSet;
  const { masterBrokerId } = next;
  const named = masterBrokerId !== undefined && mayBeAlive(live, next, masterBrokerId);
  const header = controllerHeaders.RegisterBrokerToControllerResponse.encode({
    clusterName,
    brokerName,
    ...(named
      ? {
          masterBrokerId,
          masterAddress: masterAddressOf(next),
          masterEpoch: next.masterEpoch,
          syncStateSetEpoch: next.syncStateSetEpoch,
        }
      : {}),
  });
  return accept({ header, body: syncStateSetBody(next) }, ...events);
}

function succession(set: BrokerSet, { brokerId, live }: RegisterBrokerCommand): Event {
  const { elected } = electMaster({
    syncStateSet: candidatesOf(set).filter((id) => id !== brokerId),
    others: [],
    presentMaster: undefined,
    designated: undefined,
    live: (id) => liveBroker(live, set, id),
  });
  return elected === undefined ? vacancyOf(set) : electionOf(set, elected, live);
}
