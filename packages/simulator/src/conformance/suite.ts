import { codeOf, type Host } from '@batonmq/host';

/** What a conformance test runs on. */
export interface HostUnderTest {
  readonly host: Host;
  /** Another host of the same network; may be the same one. */
  readonly peer: Host;
  /** Where the peer reaches the host. */
  readonly address: string;
  /** An empty directory for files, absolute. */
  readonly directory: string;
  /** Lets the world go on until the promise settles. A real world does so by itself. */
  drive<T>(promise: Promise<T>): Promise<T>;
  dispose(): Promise<void> | void;
}

export type MakeHost = () => Promise<HostUnderTest>;
/** The runner's way to define a test; Jest's, Mocha's and node:test's `it` fit. */
export type It = (name: string, run: () => Promise<void>) => unknown;

/** Defines a test that gets a fresh host. */
export function hostTest(it: It, makeHost: MakeHost, name: string, run: (under: HostUnderTest) => Promise<void>): void {
  it(name, async () => {
    const under = await makeHost();
    try {
      await under.drive(run(under));
    } finally {
      await under.dispose();
    }
  });
}

/** Fails the test when two plain values differ. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [textOfPlain(actual), textOfPlain(expected)];
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
}

export function isTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected: ${what}`);
}

export function fails(code: string, what: string, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    return same(codeOf(error), code, `code of the error of ${what}`);
  }
  throw new Error(`${what}: expected an error ${code}, got none`);
}

export async function rejects(code: string, what: string, promise: Promise<unknown>): Promise<void> {
  const outcome = await promise.then(
    () => 'no error',
    (error: unknown) => codeOf(error),
  );
  same(outcome, code, `code of the error of ${what}`);
}

/** A promise and its resolver. */
export function signal<T = void>(): { promise: Promise<T>; give: (value: T) => void } {
  let give: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => (give = resolve));
  return { promise, give };
}

export function pause(host: Host, ms: number): Promise<void> {
  return new Promise((resolve) => host.timers.after(ms, resolve));
}

/** Resolves when the condition holds; asked every few ms, and given up after ten seconds. */
export async function eventually(host: Host, condition: () => boolean, what: string): Promise<void> {
  const deadline = host.clock.monotonicMs() + 10_000;
  while (!condition()) {
    if (host.clock.monotonicMs() > deadline) throw new Error(`waited in vain for: ${what}`);
    await pause(host, 2);
  }
}

const { imul } = Math;

/** Bytes that differ from place to place, so that a shift or a swap shows. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let x = seed;
  for (let at = 0; at < length; at++) {
    x = (imul(x, 1103515245) + 12345) | 0;
    bytes[at] = x >>> 16;
  }
  return bytes;
}

function textOfPlain(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.length > 64 ? `${value.length} B` : value.toString('hex');
  return JSON.stringify(value) ?? 'undefined';
}
