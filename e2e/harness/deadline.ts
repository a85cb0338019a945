/** What was awaited did not come in time. `message` names it. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** The promise's value, or a DeadlineError that names `what` when it has none after `limitMs`. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what}: not within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks `probe` every `everyMs` until it answers something other than undefined or false.
 * A probe that throws counts as "not yet"; the last reason is told when the deadline has passed.
 */
export async function eventually<T>(
  limitMs: number,
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  everyMs = 50,
): Promise<T> {
  const end = performance.now() + limitMs;
  let reason = '';
  while (true) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      reason = `; last: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() >= end) throw new DeadlineError(`${what}: not within ${limitMs} ms${reason}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
