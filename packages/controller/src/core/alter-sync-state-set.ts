import { ResponseCode, controllerHeaders } from '@batonmq/remoting';
import type { BrokerSet } from './broker-set';
import type { AlterSyncStateSetCommand } from './command';
import { accept, refuse, syncStateSetBody, type Decision } from './decision';
import { ascending } from './event';
import { liveBroker } from './live-view';

/** Checks in the order of the reference, which peers can observe (controller.md 4.3, ReplicasInfoManager.alterSyncStateSet). */
export function alterSyncStateSet(set: BrokerSet | undefined, command: AlterSyncStateSetCommand): Decision {
  const { brokerName, masterBrokerId, masterEpoch, syncStateSetEpoch, live } = command;
  if (set === undefined) {
    return no(ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED, 'Broker metadata is not existed');
  }
  const wanted = ascending(command.syncStateSet);
  if (wanted.length === set.syncStateSet.length && wanted.every((id, at) => id === set.syncStateSet[at])) {
    return no(
      ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED,
      `the SyncStateSet of ${brokerName} is [${wanted}] already`,
    );
  }
  if (set.masterBrokerId === undefined || masterBrokerId !== set.masterBrokerId) {
    return no(
      ResponseCode.CONTROLLER_INVALID_MASTER,
      `the master of ${brokerName} is ${set.masterBrokerId ?? 'nobody'}, not ${masterBrokerId}`,
    );
  }
  if (masterEpoch !== set.masterEpoch) {
    return no(
      ResponseCode.CONTROLLER_FENCED_MASTER_EPOCH,
      `the master epoch of ${brokerName} is ${set.masterEpoch}, not ${masterEpoch}`,
    );
  }
  if (syncStateSetEpoch !== set.syncStateSetEpoch) {
    return no(
      ResponseCode.CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH,
      `the SyncStateSet epoch of ${brokerName} is ${set.syncStateSetEpoch}, not ${syncStateSetEpoch}`,
    );
  }
  for (const id of wanted) {
    if (!set.members.has(id)) {
      return no(ResponseCode.CONTROLLER_INVALID_REPLICAS, `broker ${id} is not registered in ${brokerName}`);
    }
    if (liveBroker(live, set, id) === undefined) {
      return no(ResponseCode.CONTROLLER_BROKER_NOT_ALIVE, `broker ${id} of ${brokerName} has no live heartbeat`);
    }
  }
  if (!wanted.includes(set.masterBrokerId)) {
    return no(
      ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED,
      `the master ${masterBrokerId} is missing from the new SyncStateSet [${wanted}]`,
    );
  }
  const newSyncStateSetEpoch = set.syncStateSetEpoch + 1;
  return accept(
    {
      header: controllerHeaders.AlterSyncStateSetResponse.encode({ newSyncStateSetEpoch }),
      body: syncStateSetBody({ syncStateSet: wanted, syncStateSetEpoch: newSyncStateSetEpoch }),
    },
    { kind: 'syncStateSetAltered', brokerName, syncStateSet: wanted },
  );
}

/** The reference sends the header object of a refusal too, with its primitive field (controller.md 2.2). */
function no(code: number, remark: string): Decision {
  return refuse(code, remark, controllerHeaders.AlterSyncStateSetResponse.encode({ newSyncStateSetEpoch: 0 }));
}
