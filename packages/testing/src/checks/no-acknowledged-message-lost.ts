import { firstFew, type Check } from './check';

/**
 * With allAckInSyncStateSet=true, what was acknowledged is there for ever: whatever died in between, every acknowledged
 * number stands in some queue of the last master, with its body, and so does every one that the queue offsets between
 * the smallest and the largest promise.
 */
export const noAcknowledgedMessageLost: Check = {
  name: 'no acknowledged message is lost',
  run({ history, final: { master } }) {
    const present = new Set<number>();
    const holes: string[] = [];
    for (const [queueId, messages] of master.queues) {
      let expected: number | undefined;
      for (const [offset, { number }] of messages) {
        if (number < 0) holes.push(`the message at ${queueId}@${offset} is damaged`);
        if (expected !== undefined && offset !== expected) holes.push(`queue ${queueId} has nothing at ${expected}`);
        expected = offset + 1;
        present.add(number);
      }
    }
    const lost = history.acknowledged
      .filter(({ number }) => !present.has(number))
      .map(({ number, broker, queueId, queueOffset, physicalOffset, atMs }) => {
        const fate = master.logged.has(number) ? 'is in the log, but in no queue' : 'is lost';
        const place = `${queueId}@${queueOffset} (log ${physicalOffset})`;
        return `message ${number}, acknowledged by ${broker} at ${atMs.toFixed(1)} as ${place}, ${fate}`;
      });
    return [...firstFew(lost), ...firstFew(holes)];
  },
};
