import type { Lifecycle } from './host';

/**
 * Starts the parts in order. When one fails, those already started are stopped in reverse and the failure is thrown.
 * @returns stops all in reverse order; idempotent
 */
export async function startAll(parts: readonly Lifecycle[]): Promise<() => Promise<void>> {
  const started: Lifecycle[] = [];
  const stop = async (): Promise<void> => {
    for (let part = started.pop(); part !== undefined; part = started.pop()) await part.stop();
  };
  try {
    for (const part of parts) {
      started.push(part);
      await part.start();
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
