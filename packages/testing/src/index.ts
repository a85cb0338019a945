export { SimulatedCluster, type GroupState } from './cluster/simulated-cluster';
export { SimulatedNode, type NodeKind } from './cluster/simulated-node';
export { TestingError, type TestingErrorCode } from './errors';
export type { SimulatedClusterOptions } from './cluster/options';
