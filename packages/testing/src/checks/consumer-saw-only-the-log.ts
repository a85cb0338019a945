import { firstFew, type Check } from './check';

/**
 * A consumer never sees a message that a failover takes back: whatever it got stands in the last master's log, in the
 * queue and at the offset it got it from (known loss `read-uncommitted`).
 */
export const consumerSawOnlyTheLog: Check = {
  name: 'the consumer saw only what is in the log',
  run({ history, final: { master } }) {
    const wrong: string[] = [];
    for (const { number, queueId, queueOffset, atMs } of history.delivered) {
      const found = master.queues.get(queueId)?.get(queueOffset)?.number;
      if (found !== number)
        wrong.push(
          `the consumer got ${number} from ${queueId}@${queueOffset} at ${atMs.toFixed(1)}, where ${found ?? 'nothing'} is in the end`,
        );
    }
    return firstFew(wrong);
  },
};
