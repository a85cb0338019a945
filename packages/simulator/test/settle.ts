import type { World } from '../src';

/** Runs the world until a promise settles. */
export async function settle<T>(world: World, promise: Promise<T>): Promise<T> {
  let settled = false;
  const mark = (): void => void (settled = true);
  promise.then(mark, mark);
  await world.run(3_600_000, () => settled);
  return promise;
}
