import { StoreError } from '../errors';

/** Topic whose queue units carry delivery times. @source TopicValidator.RMQ_SYS_SCHEDULE_TOPIC */
export const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Delays of `messageDelayLevel` in milliseconds; index 0 is level 1. @throws StoreError BAD_OPTION */
export function parseDelayLevels(text: string): number[] {
  const levels: number[] = [];
  for (const item of text.trim().split(/\s+/)) {
    const parts = /^(\d+)([smhd])$/.exec(item);
    if (parts === null) {
      throw new StoreError(
        'BAD_OPTION',
        `messageDelayLevel: ${JSON.stringify(item)} is not a number followed by s, m, h or d`,
      );
    }
    levels.push(Number(parts[1]) * (UNIT_MS[parts[2] as string] as number));
  }
  return levels;
}

/** Delivery time of a message at `level` (1 or more, capped at the highest). @source DefaultMessageStore.computeDeliverTimestamp */
export function deliveryTime(levelsMs: readonly number[], level: number, storeTimestamp: number): number {
  return storeTimestamp + (levelsMs[Math.min(level, levelsMs.length) - 1] ?? 1000);
}
