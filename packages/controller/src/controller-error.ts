import { BatonError } from '@batonmq/host';

/**
 * - SNAPSHOT_UNREADABLE: the replicated state cannot be restored from what the disk or the leader gave.
 */
export type ControllerErrorCode = 'SNAPSHOT_UNREADABLE';

export class ControllerError extends BatonError<ControllerErrorCode> {}
