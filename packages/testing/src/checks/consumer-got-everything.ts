import { firstFew, type Check } from './check';

/** Every acknowledged message has reached the consumer, at least once. */
export const consumerGotEverything: Check = {
  name: 'the consumer got everything',
  run({ history }) {
    const seen = new Set(history.delivered.map(({ number }) => number));
    const missed = history.acknowledged.filter(({ number }) => !seen.has(number));
    return firstFew(
      missed.map(({ number, queueId, queueOffset }) => `${number} (${queueId}@${queueOffset}) never reached it`),
      3,
    );
  },
};
