export { ClusterError, type ClusterErrorCode } from './errors';
export { freePorts } from './free-ports';
export { BROKER_NAME, LocalCluster, type GroupState, type LocalClusterOptions } from './local-cluster';
export type { NodeKind } from './node-process';
export { Demo, type DemoOptions, type DemoResult } from './demo/demo';
export type { Failover } from './demo/failover';
