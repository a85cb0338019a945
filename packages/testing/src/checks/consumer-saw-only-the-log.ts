import { firstFew, type Check } from './check';

/**
 * A consumer never sees a message that a failover takes back: whatever it got stands in the last master's log, in the
 * queue and at the offset it got it from (known loss `read-uncommitted`). And every acknowledged message has reached it.
 */
export const consumerSawOnlyTheLog: Check = {
  name: 'the consumer saw what is in the log, all of it',
  run({ history, final: { master } }) {
    const wrong: string[] = [];
    const seen = new Set<number>();
    for (const { number, queueId, queueOffset, atMs } of history.delivered) {
      seen.add(number);
      const found = master.queues.get(queueId)?.get(queueOffset)?.number;
      if (found !== number)
        wrong.push(
          `the consumer got ${number} from ${queueId}@${queueOffset} at ${atMs.toFixed(1)}, where ${found ?? 'nothing'} is in the end`,
        );
    }
    const missed = history.acknowledged.filter(({ number }) => !seen.has(number));
    const lines = missed.map(
      ({ number, queueId, queueOffset }) => `${number} (${queueId}@${queueOffset}) never reached the consumer`,
    );
    return [...firstFew(wrong), ...firstFew(lines, 3)];
  },
};
