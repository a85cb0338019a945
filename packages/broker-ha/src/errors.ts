import { BatonError } from '@batonmq/host';

export type HaErrorCode =
  /** A peer sent what the HA protocol does not allow at that point; its connection is closed. */
  | 'HA_PROTOCOL'
  /** The peer's last epoch is below one this replica has seen: an older master, or the wrong broker. */
  | 'HA_STALE_MASTER'
  /** Own and master's epochs have no entry in common. */
  | 'HA_NO_COMMON_EPOCH'
  /** The common point lies below the confirm offset, or below the log: following would break a promise. */
  | 'HA_PROMISE_LOST'
  /** The HA address of the master is not known yet. */
  | 'HA_NO_ADDRESS'
  /** Epoch entries must ascend. */
  | 'HA_EPOCH_ORDER'
  /** The identity file belongs to another cluster or broker name. */
  | 'HA_IDENTITY_MISMATCH'
  /** The controller refused a request, or no controller leads. */
  | 'HA_CONTROLLER';

/** Everything this package throws on purpose. Branch on `code`. */
export class HaError extends BatonError<HaErrorCode> {}
