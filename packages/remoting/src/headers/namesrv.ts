import { flag, header, int32, int64, optional, text } from '../header';

/** Headers of the name server's requests (namesrv.md 2, 3). */

export const RegisterBrokerRequest = header('RegisterBroker', {
  brokerName: text(),
  brokerAddr: text(),
  clusterName: text(),
  haServerAddr: optional(text()),
  brokerId: int64(),
  heartbeatTimeoutMillis: optional(int64()),
  /** Absent: a broker of the 4.x kind. */
  enableActingMaster: optional(flag(false)),
  compressed: flag(false),
  bodyCrc32: optional(int32()),
});
export const RegisterBrokerResponse = header('RegisterBrokerResponse', {
  haServerAddr: optional(text()),
  masterAddr: optional(text()),
});

export const UnregisterBrokerRequest = header('UnregisterBroker', {
  brokerName: text(),
  brokerAddr: text(),
  clusterName: optional(text()),
  brokerId: optional(int64()),
});

export const GetRouteInfoRequest = header('GetRouteInfo', {
  topic: optional(text()),
  acceptStandardJsonOnly: optional(flag(false)),
});

export const KvConfigRequest = header('KvConfig', {
  namespace: optional(text()),
  key: optional(text()),
  value: optional(text()),
});

export const QueryDataVersionRequest = header('QueryDataVersion', {
  brokerName: text(),
  brokerAddr: text(),
  clusterName: optional(text()),
  brokerId: optional(int64()),
});

export const BrokerNameRequest = header('BrokerName', { brokerName: text() });
export const TopicRequest = header('Topic', { topic: text(), clusterName: optional(text()) });
export const ClusterRequest = header('Cluster', { cluster: text() });
export const GetBrokerMemberGroupRequest = header('GetBrokerMemberGroup', {
  clusterName: optional(text()),
  brokerName: text(),
});
