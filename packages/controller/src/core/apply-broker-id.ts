import { ResponseCode, controllerHeaders } from '@batonmq/remoting';
import type { BrokerSet } from './broker-set';
import type { ApplyBrokerIdCommand } from './command';
import { accept, refuse, type Decision } from './decision';

/** Gives a broker its id for ever; a repeat with the same check code is answered as the first (controller.md 4.5). */
export function applyBrokerId(set: BrokerSet | undefined, command: ApplyBrokerIdCommand): Decision {
  const { clusterName, brokerName, appliedBrokerId: brokerId, registerCheckCode } = command;
  const header = controllerHeaders.ApplyBrokerIdResponse.encode({ clusterName, brokerName });
  const no = (remark: string): Decision => refuse(ResponseCode.CONTROLLER_BROKER_ID_INVALID, remark, header);
  if (set === undefined && brokerId !== 1) {
    return no(
      `Broker-set: ${brokerName} hasn't been registered in controller, but broker try to apply brokerId: ${brokerId}`,
    );
  }
  // Sets are keyed by name alone; the reference would mix the replicas of two clusters (controller.md 15.6).
  if (set !== undefined && set.clusterName !== clusterName) {
    return no(`Broker-set: ${brokerName} belongs to cluster ${set.clusterName}, not ${clusterName}`);
  }
  if (brokerId < 1) return no(`brokerId: ${brokerId} is not positive`);
  const taken = set?.members.get(brokerId);
  if (taken !== undefined) {
    return taken.registerCheckCode === registerCheckCode
      ? accept({ header })
      : no(`Fail to apply brokerId: ${brokerId} in broker-set: ${brokerName}`);
  }
  const address = registerCheckCode.split(';', 1)[0] as string;
  const member = { brokerId, address, registerCheckCode };
  return accept({ header }, { kind: 'memberAdded', clusterName, brokerName, member });
}
