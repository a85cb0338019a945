import { firstFew, type Check } from './check';

/**
 * An acknowledged (queue, offset) names one message for ever: it is never acknowledged for two, and in the end it is
 * that message which stands there, at the place in the log that was told (known loss `shared-queue-offset`).
 */
export const queueOffsetsGivenOnce: Check = {
  name: 'a queue offset is given once',
  run({ history, final: { master } }) {
    const wrong: string[] = [];
    const given = new Map<string, number>();
    for (const { number, queueId, queueOffset, physicalOffset, broker } of history.acknowledged) {
      const key = `${queueId}@${queueOffset}`;
      const other = given.get(key);
      if (other !== undefined && other !== number)
        wrong.push(`${key} was given to ${other} and, by ${broker}, to ${number}`);
      given.set(key, number);
      const found = master.queues.get(queueId)?.get(queueOffset);
      // Nothing there is a loss, and counted as one.
      if (found === undefined) continue;
      if (found.number !== number) wrong.push(`${key} was given to ${number} by ${broker}, and has ${found.number}`);
      else if (found.physicalOffset !== physicalOffset) {
        wrong.push(`${key} (${number}) was at ${physicalOffset} in the log, and is at ${found.physicalOffset}`);
      }
    }
    return firstFew(wrong);
  },
};
