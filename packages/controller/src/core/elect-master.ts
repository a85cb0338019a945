import { ResponseCode, controllerHeaders } from '@batonmq/remoting';
import { candidatesOf, masterAddressOf, type BrokerSet } from './broker-set';
import type { ElectMasterCommand } from './command';
import { accept, refuse, type Decision } from './decision';
import { electMaster, type Choice } from './election-policy';
import { applyEvent, type Event } from './event';
import { liveBroker, mayBeAlive, type LiveView } from './live-view';

/** Epochs are int32 on the wire. What a heartbeat claims beyond this is no epoch that elections ever reached. */
const MAX_CREDIBLE_EPOCH = 2 ** 31 - 1 - 2 ** 20;
/** A request that names no broker. */
const NOBODY = -1;

/** Answers a request for an election (controller.md 5.1, ReplicasInfoManager.electMaster). */
export function decideElection(set: BrokerSet | undefined, command: ElectMasterCommand): Decision {
  const { brokerId, ifMasterEpoch, live } = command;
  if (set === undefined) {
    return refuse(ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED, "Broker hasn't been registered");
  }
  if (ifMasterEpoch !== undefined && ifMasterEpoch !== set.masterEpoch) {
    return refuse(ResponseCode.CONTROLLER_ELECT_MASTER_FAILED, `decided meanwhile, in epoch ${set.masterEpoch}`);
  }
  const { elected } = command.passOver === true ? chooseAnother(set, command) : choose(set, command);
  if (elected === undefined && command.passOver === true) {
    return refuse(
      ResponseCode.CONTROLLER_ELECT_MASTER_FAILED,
      `nobody can replace the elected master of ${set.brokerName}`,
    );
  }
  if (elected === undefined) return nobody(set, brokerId);
  if (elected === set.masterBrokerId) return stays(set, brokerId);
  const event = electionOf(set, elected, live);
  const next = applyEvent(set, event) as BrokerSet;
  return accept({ header: electionHeader(next), body: electionBody(next) }, event);
}

/**
 * The event that makes `elected` the master, in an epoch above all that was recorded or that a live member reports. One
 * that confirms its office and that others could replace has it on trial until then.
 */
export function electionOf(set: BrokerSet, elected: number, live: LiveView): Event {
  const candidates = candidatesOf(set);
  return {
    kind: 'masterElected',
    brokerName: set.brokerName,
    masterBrokerId: elected,
    masterEpoch: highestEpoch(set, live) + 1,
    unconfirmed:
      set.members.get(elected)?.confirmsMastership === true && candidates.length > 1 && candidates.includes(elected),
  };
}

/** The event after which the set has no master, so that its brokers ask for one. */
export function vacancyOf(set: BrokerSet): Event {
  return {
    kind: 'masterElected',
    brokerName: set.brokerName,
    masterBrokerId: undefined,
    masterEpoch: set.masterEpoch + 1,
  };
}

function choose(set: BrokerSet, command: ElectMasterCommand): Choice {
  const { brokerId, designateElect, unclean, live } = command;
  const aliveMember = set.members.has(brokerId) && liveBroker(live, set, brokerId) !== undefined;
  // The first broker that asks becomes the first master. The reference takes any id here (controller.md 15.1).
  if (set.masterEpoch === 0 && aliveMember) return { elected: brokerId, because: 'designated' };
  // All who had the data were cleaned away by an operator: then only the operator can say who goes on.
  if (candidatesOf(set).length === 0 && designateElect && aliveMember)
    return { elected: brokerId, because: 'designated' };
  const { masterBrokerId } = set;
  return electMaster({
    syncStateSet: candidatesOf(set),
    others: unclean ? [...set.members.keys()] : [],
    presentMaster: masterBrokerId !== undefined && mayBeAlive(live, set, masterBrokerId) ? masterBrokerId : undefined,
    // Whoever designates nobody (-1) leaves the choice to us; the reference would depose a living master.
    designated: designateElect && brokerId !== NOBODY ? brokerId : undefined,
    live: (id) => liveBroker(live, set, id),
  });
}

/** Also the one passed over stays a candidate: the next one may be no better. */
function chooseAnother(set: BrokerSet, { live }: ElectMasterCommand): Choice {
  const { masterBrokerId, electorate = [] } = set;
  return electMaster({
    syncStateSet: electorate.filter((id) => id !== masterBrokerId),
    others: [],
    presentMaster: undefined,
    designated: undefined,
    live: (id) => liveBroker(live, set, id),
  });
}

/**
 * After the controller's state was lost or cleaned, brokers hold higher epochs than it and ignore everything below
 * (controller.md 16.12).
 */
function highestEpoch(set: BrokerSet, live: LiveView): number {
  let highest = set.masterEpoch;
  for (const id of set.members.keys()) {
    const epoch = liveBroker(live, set, id)?.epoch ?? -1;
    if (epoch > highest && epoch <= MAX_CREDIBLE_EPOCH) highest = epoch;
  }
  return highest;
}

/** One event says "no master"; asking again changes nothing (the reference raises the epoch each time, 15.2). */
function nobody(set: BrokerSet, brokerId: number): Decision {
  if (brokerId !== NOBODY) {
    return refuse(
      ResponseCode.CONTROLLER_ELECT_MASTER_FAILED,
      `Failed to elect a new master for broker-set: ${set.brokerName}${inDoubt(set)}`,
    );
  }
  const decision = refuse(
    ResponseCode.CONTROLLER_MASTER_NOT_AVAILABLE,
    `No broker of ${set.brokerName} can become master${inDoubt(set)}`,
  );
  return set.masterBrokerId === undefined ? decision : { ...decision, events: [vacancyOf(set)] };
}

/** For an operator: whom to wait for, and how to go on without. */
function inDoubt(set: BrokerSet): string {
  if (set.doubtful === undefined) return '';
  const awaited = candidatesOf(set).join(',');
  return `: [${set.doubtful}] lost power before they had synced their logs; start [${awaited}], or clean it away if it is gone for ever`;
}

/** The elected one itself asks when it is about to serve: from now on the office cannot be taken back. */
function stays(set: BrokerSet, asker: number): Decision {
  const confirms = asker === set.masterBrokerId && set.electorate !== undefined;
  return {
    outcome: {
      code: ResponseCode.CONTROLLER_MASTER_STILL_EXIST,
      remark: `The old master ${set.masterBrokerId} of ${set.brokerName} is still alive, no election`,
      header: electionHeader(set),
      body: { syncStateSet: set.syncStateSet },
    },
    events: confirms ? [{ kind: 'masterConfirmed', brokerName: set.brokerName }] : [],
  };
}

function electionHeader(set: BrokerSet) {
  return controllerHeaders.ElectMasterResponse.encode({
    masterBrokerId: set.masterBrokerId,
    masterAddress: masterAddressOf(set),
    masterEpoch: set.masterEpoch,
    syncStateSetEpoch: set.syncStateSetEpoch,
  });
}

/** Brokers read `brokerMemberGroup`; mqadmin reads the whole body as one, hence its fields at the top too (3.3). */
function electionBody(set: BrokerSet) {
  const group = {
    cluster: set.clusterName,
    brokerName: set.brokerName,
    brokerAddrs: Object.fromEntries([...set.members.values()].map(({ brokerId, address }) => [brokerId, address])),
  };
  return { brokerMemberGroup: group, syncStateSet: set.syncStateSet, ...group };
}
