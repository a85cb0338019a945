import {
  RequestCode,
  ResponseCode,
  controllerHeaders,
  readJson,
  writeJson,
  type OutgoingRequest,
  type RemotingCommand,
} from '@batonmq/remoting';
import type { ControllerWord } from '../core/role-machine';
import type { Proposal, ProposalOutcome } from '../core/sync-state-set';
import type { HaOptions } from '../options';

type Names = Pick<HaOptions, 'brokerClusterName' | 'brokerName' | 'brokerAddr'>;

export interface HeartbeatValues {
  readonly id: number;
  readonly epoch: number;
  readonly maxOffset: number;
  readonly confirmOffset: number;
  readonly timeoutMs: number;
  readonly priority: number;
}

export function heartbeatRequest(names: Names, values: HeartbeatValues): OutgoingRequest {
  const header = controllerHeaders.BrokerHeartbeatRequest.encode({
    clusterName: names.brokerClusterName,
    brokerName: names.brokerName,
    brokerAddr: names.brokerAddr,
    brokerId: values.id,
    epoch: values.epoch,
    maxOffset: values.maxOffset,
    confirmOffset: values.confirmOffset,
    heartbeatTimeoutMills: values.timeoutMs,
    electionPriority: values.priority,
  });
  return { code: RequestCode.BROKER_HEARTBEAT, header };
}

export function nextIdRequest({ brokerClusterName: clusterName, brokerName }: Names): OutgoingRequest {
  const header = controllerHeaders.GetNextBrokerIdRequest.encode({ clusterName, brokerName });
  return { code: RequestCode.CONTROLLER_GET_NEXT_BROKER_ID, header };
}

export function applyIdRequest(names: Names, appliedBrokerId: number, registerCheckCode: string): OutgoingRequest {
  const { brokerClusterName: clusterName, brokerName } = names;
  const values = { clusterName, brokerName, appliedBrokerId, registerCheckCode };
  const header = controllerHeaders.ApplyBrokerIdRequest.encode(values);
  return { code: RequestCode.CONTROLLER_APPLY_BROKER_ID, header };
}

export function registerRequest(
  names: Names,
  brokerId: number,
  invokeTime: number,
  unsyncedTailLost: boolean,
): OutgoingRequest {
  const { brokerClusterName: clusterName, brokerName, brokerAddr: brokerAddress } = names;
  const extra = { confirmsMastership: true, unsyncedTailLost };
  const values = { clusterName, brokerName, brokerId, brokerAddress, invokeTime, ...extra };
  const header = controllerHeaders.RegisterBrokerToControllerRequest.encode(values);
  return { code: RequestCode.CONTROLLER_REGISTER_BROKER, header };
}

export function electRequest(names: Names, brokerId: number, invokeTime: number): OutgoingRequest {
  const { brokerClusterName: clusterName, brokerName } = names;
  const values = { clusterName, brokerName, brokerId, designateElect: false, invokeTime };
  return { code: RequestCode.CONTROLLER_ELECT_MASTER, header: controllerHeaders.ElectMasterRequest.encode(values) };
}

export function replicaInfoRequest({ brokerName }: Names): OutgoingRequest {
  const header = controllerHeaders.GetReplicaInfoRequest.encode({ brokerName });
  return { code: RequestCode.CONTROLLER_GET_REPLICA_INFO, header };
}

export function alterSetRequest(names: Names, masterBrokerId: number, wish: Proposal, now: number): OutgoingRequest {
  const values = { brokerName: names.brokerName, masterBrokerId, masterEpoch: wish.masterEpoch, invokeTime: now };
  return {
    code: RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
    header: controllerHeaders.AlterSyncStateSetRequest.encode(values),
    body: writeJson({ syncStateSet: wish.ids, syncStateSetEpoch: wish.baseSetEpoch }),
  };
}

export interface SetBody {
  readonly ids: readonly number[];
  readonly setEpoch: number | undefined;
}

/** `{"syncStateSet":[1,2],"syncStateSetEpoch":3}`, also inside an election's answer; undefined when there is none. */
export function readSet(body: Buffer | undefined): SetBody | undefined {
  if (body === undefined || body.length === 0) return undefined;
  const value = readJson(body) as { syncStateSet?: unknown; syncStateSetEpoch?: unknown } | null;
  if (value === null || !Array.isArray(value.syncStateSet)) return undefined;
  const setEpoch = typeof value.syncStateSetEpoch === 'number' ? value.syncStateSetEpoch : undefined;
  return { ids: value.syncStateSet.map(Number), setEpoch };
}

/** Master, epoch and set out of an answer to 1002, 1003 or 1004, or a notification 1008. */
export function wordOf(command: RemotingCommand): ControllerWord {
  const said = controllerHeaders.ElectMasterResponse.decode(command.extFields);
  const set = readSet(command.body);
  return {
    epoch: said.masterEpoch ?? 0,
    masterId: said.masterBrokerId,
    masterAddress: said.masterAddress ?? '',
    set: set?.ids,
    setEpoch: set?.setEpoch ?? said.syncStateSetEpoch,
  };
}

/** Refusals that say for certain that the wish was not and will not be carried out. */
const REFUSALS: readonly number[] = [
  ResponseCode.CONTROLLER_FENCED_MASTER_EPOCH,
  ResponseCode.CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH,
  ResponseCode.CONTROLLER_INVALID_MASTER,
  ResponseCode.CONTROLLER_INVALID_REPLICAS,
  ResponseCode.CONTROLLER_BROKER_NOT_ALIVE,
];

/**
 * How a proposal ended. 2013 may mean "unchanged", that is, an earlier one with a lost answer was carried out; 1 and 2007
 * may come from a leader that lost its office while the entry lives on: open, until a read tells.
 */
export function outcomeOf(answer: RemotingCommand): ProposalOutcome {
  if (REFUSALS.includes(answer.code)) return { kind: 'refused' };
  const set = answer.code === ResponseCode.SUCCESS ? readSet(answer.body) : undefined;
  if (set === undefined) return { kind: 'unknown' };
  const setEpoch = set.setEpoch ?? Number(answer.extFields['newSyncStateSetEpoch']);
  return Number.isSafeInteger(setEpoch) ? { kind: 'accepted', ids: set.ids, setEpoch } : { kind: 'unknown' };
}
