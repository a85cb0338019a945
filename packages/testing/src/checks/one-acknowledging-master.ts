import type { Grant } from '../history';
import { firstFew, type Check } from './check';

/**
 * In one epoch one broker acknowledges. A deposed master acknowledges nothing that it accepted after its successor
 * acknowledged for the first time. And whatever a master acknowledges in its epoch lies, in the history that all
 * replicas have in the end, in that epoch's part of the log: after its beginning, before its successor's.
 *
 * An answer may leave a deposed master late, when the ack that it waited for was held up on the way: the message is then
 * in its successor's log, so nothing is wrong.
 */
export const oneAcknowledgingMaster: Check = {
  name: 'one master acknowledges at a time',
  run({ history, final: { master } }) {
    const wrong: string[] = [];
    const firstByEpoch = new Map<number, Grant>();
    for (const grant of history.granted) {
      const first = firstByEpoch.get(grant.epoch);
      if (first === undefined) firstByEpoch.set(grant.epoch, grant);
      else if (first.broker !== grant.broker)
        wrong.push(`${first.broker} and ${grant.broker} both acknowledged in epoch ${grant.epoch}`);
    }
    const firsts = [...firstByEpoch.values()];
    for (const grant of history.granted) {
      const { broker, epoch, endOffset, acceptedMs } = grant;
      for (const later of firsts) {
        if (later.epoch <= epoch || later.broker === broker || later.grantedMs >= acceptedMs) continue;
        wrong.push(
          `${broker} accepted at ${acceptedMs.toFixed(1)} and acknowledged in epoch ${epoch}, after ${later.broker} in epoch ${later.epoch}`,
        );
      }
      const index = master.epochs.findLastIndex((entry) => entry.startOffset < endOffset);
      const owner = master.epochs[index]?.epoch;
      // Epochs of files that are gone cannot be looked at.
      if (index >= 0 && owner !== epoch)
        wrong.push(
          `${broker} acknowledged up to ${endOffset} in epoch ${epoch}; that part of the log is epoch ${owner}'s`,
        );
    }
    return firstFew([...new Set(wrong)]);
  },
};
