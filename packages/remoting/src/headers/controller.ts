import { flag, header, int32, int64, optional, orElse, text } from '../header';

/** Headers between brokers, tools and the controller (controller.md 3). */

export const BrokerHeartbeatRequest = header('BrokerHeartbeat', {
  clusterName: orElse(text(), ''),
  brokerName: orElse(text(), ''),
  brokerAddr: orElse(text(), ''),
  brokerId: optional(int64()),
  epoch: orElse(int32(), -1),
  maxOffset: orElse(int64(), -1),
  confirmOffset: orElse(int64(), -1),
  heartbeatTimeoutMills: optional(int64()),
  electionPriority: optional(int32()),
});

export const AlterSyncStateSetRequest = header('AlterSyncStateSet', {
  brokerName: text(),
  masterBrokerId: int64(),
  masterEpoch: int32(),
  invokeTime: optional(int64()),
});
export const AlterSyncStateSetResponse = header('AlterSyncStateSetResponse', { newSyncStateSetEpoch: int32() });

export const ElectMasterRequest = header('ElectMaster', {
  clusterName: orElse(text(), ''),
  brokerName: orElse(text(), ''),
  /** -1: the controller chooses. */
  brokerId: orElse(int64(), -1),
  designateElect: flag(false),
  invokeTime: optional(int64()),
});
export const ElectMasterResponse = header('ElectMasterResponse', {
  masterBrokerId: optional(int64()),
  masterAddress: optional(text()),
  masterEpoch: optional(int32()),
  syncStateSetEpoch: optional(int32()),
});

export const RegisterBrokerToControllerRequest = header('RegisterBrokerToController', {
  clusterName: optional(text()),
  brokerName: text(),
  brokerId: int64(),
  brokerAddress: text(),
  invokeTime: optional(int64()),
  /** Ours: as an elected master it asks once more for its office before it serves (controller README, Taking office). */
  confirmsMastership: optional(flag(false)),
  /** Ours: its machine lost power since, and what it acknowledged last may be gone. */
  unsyncedTailLost: optional(flag(false)),
});
export const RegisterBrokerToControllerResponse = header('RegisterBrokerToControllerResponse', {
  clusterName: optional(text()),
  brokerName: optional(text()),
  masterBrokerId: optional(int64()),
  masterAddress: optional(text()),
  masterEpoch: optional(int32()),
  syncStateSetEpoch: optional(int32()),
});

export const GetReplicaInfoRequest = header('GetReplicaInfo', { brokerName: text() });
export const GetReplicaInfoResponse = header('GetReplicaInfoResponse', {
  masterBrokerId: optional(int64()),
  masterAddress: optional(text()),
  masterEpoch: optional(int32()),
});

export const GetMetaDataResponse = header('GetMetaDataResponse', {
  group: optional(text()),
  controllerLeaderId: optional(text()),
  controllerLeaderAddress: optional(text()),
  isLeader: flag(false),
  /** `n0:host:port;n1:host:port;` */
  peers: optional(text()),
  /** Ours: end of this controller's Raft log; 0: it has no history. */
  lastIndex: optional(int64()),
});

export const GetNextBrokerIdRequest = header('GetNextBrokerId', { clusterName: optional(text()), brokerName: text() });
export const GetNextBrokerIdResponse = header('GetNextBrokerIdResponse', {
  clusterName: optional(text()),
  brokerName: optional(text()),
  nextBrokerId: int64(),
});

export const ApplyBrokerIdRequest = header('ApplyBrokerId', {
  clusterName: optional(text()),
  brokerName: text(),
  appliedBrokerId: int64(),
  /** `ip:port;ms` */
  registerCheckCode: text(),
});
export const ApplyBrokerIdResponse = header('ApplyBrokerIdResponse', {
  clusterName: optional(text()),
  brokerName: optional(text()),
});

export const CleanBrokerDataRequest = header('CleanBrokerData', {
  clusterName: optional(text()),
  brokerName: text(),
  /** Ids joined with `;`. */
  brokerControllerIdsToClean: optional(text()),
  isCleanLivingBroker: flag(false),
  invokeTime: optional(int64()),
});

export const NotifyBrokerRoleChangedRequest = header('NotifyBrokerRoleChanged', {
  masterAddress: optional(text()),
  masterEpoch: optional(int32()),
  syncStateSetEpoch: optional(int32()),
  masterBrokerId: optional(int64()),
});

export const ExchangeHaInfo = header('ExchangeHaInfo', {
  masterHaAddress: optional(text()),
  masterFlushOffset: optional(int64()),
  masterAddress: optional(text()),
});
