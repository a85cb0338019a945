import { BatonError } from '@batonmq/host';

export type ClusterErrorCode = 'NODE_FAILED' | 'TIMEOUT' | 'NOT_RUNNING' | 'BAD_OPTION';

export class ClusterError extends BatonError<ClusterErrorCode> {}
