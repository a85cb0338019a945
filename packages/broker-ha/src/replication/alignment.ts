import { findConsistency, type Consistency } from '../epochs/consistent-point';
import type { EpochEntry } from '../epochs/epoch-entry';
import { HaError } from '../errors';
import type { HandshakeResponse } from '../wire/ha-codec';

/** What a slave knows of itself and of the word it follows when the master has answered its handshake. */
export interface OwnHistory {
  readonly epochs: readonly EpochEntry[];
  /** -1: empty log. */
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly confirmOffset: number;
  /** Highest epoch the controller told. */
  readonly toldEpoch: number;
  /** Whether a last epoch below the told one is taken: from a Java master, which does not record empty epochs. */
  readonly acceptUnrecorded: boolean;
  /** Whether the confirm offset is a promise (allAck), not just the end of some master's log. */
  readonly confirmIsPromise: boolean;
  /** The operator's word that confirmed messages may be cut away. */
  readonly mayBreakPromise: boolean;
}

/**
 * Whether to follow, and where to cut the own log first.
 * @throws HaError HA_STALE_MASTER, HA_NO_COMMON_EPOCH, HA_PROMISE_LOST: nothing was changed
 */
export function alignWith(master: HandshakeResponse, own: OwnHistory): Consistency {
  const ownLast = own.epochs.at(-1)?.epoch ?? -1;
  const needed = own.acceptUnrecorded ? ownLast : Math.max(ownLast, own.toldEpoch);
  if (master.lastEpoch < needed) {
    throw new HaError('HA_STALE_MASTER', `its last epoch is ${master.lastEpoch}, this replica has seen ${needed}`, {
      hint: 'an older master or the wrong address; the log is not touched',
    });
  }
  const found = findConsistency(own.epochs, own.maxOffset, master.epochs, master.maxOffset);
  if (found === undefined || (own.minOffset >= 0 && found.point < own.minOffset)) {
    const text = `no common epoch: own ${show(own.epochs)} up to ${own.maxOffset}, master's ${show(master.epochs)}`;
    throw new HaError('HA_NO_COMMON_EPOCH', text, { hint: 'empty the store directory, keep the identity file' });
  }
  // A log is never thrown away as a whole without being told to, promise or not.
  const broken = found.point < own.confirmOffset && (own.confirmIsPromise || found.point === 0);
  if (broken && !own.mayBreakPromise) {
    const text = `the master has only ${found.point} of this log, of which ${own.confirmOffset} was confirmed`;
    const hint = 'confirmed messages would be cut; elect this replica, or allow it with haTruncateBelowConfirm=true';
    throw new HaError('HA_PROMISE_LOST', text, { hint });
  }
  return found;
}

function show(epochs: readonly EpochEntry[]): string {
  const last = epochs.slice(-5).map((entry) => `${entry.epoch}-${entry.startOffset}`);
  return `[${epochs.length > last.length ? '... ' : ''}${last.join(' ')}]`;
}
