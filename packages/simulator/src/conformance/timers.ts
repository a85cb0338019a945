import { hostTest, isTrue, pause, same, signal, type It, type MakeHost } from './suite';

/** Clock and Timers. */
export function timersConformance(it: It, makeHost: MakeHost): void {
  const test = hostTest.bind(undefined, it, makeHost);

  test('timers fire once, in the order of their times, not early', async ({ host }) => {
    const order: string[] = [];
    const began = host.clock.monotonicMs();
    let firstAt = 0;
    host.timers.after(60, () => order.push('late'));
    host.timers.after(20, () => {
      order.push('early');
      firstAt = host.clock.monotonicMs() - began;
    });
    host.timers.after(20, () => order.push('after early'));
    await pause(host, 100);
    same(order, ['early', 'after early', 'late'], 'order');
    isTrue(firstAt >= 19, `20 ms have passed, give or take libuv's 1 ms (${firstAt})`);
  });

  test('a cancelled timer does not fire; cancelling again or too late does nothing', async ({ host }) => {
    const fired: string[] = [];
    const cancel = host.timers.after(10, () => fired.push('cancelled'));
    cancel();
    cancel();
    const late = host.timers.after(1, () => fired.push('late'));
    await pause(host, 30);
    late();
    same(fired, ['late'], 'fired');
  });

  test('a negative delay is none, and even then the task does not run within the call', async ({ host }) => {
    const done = signal();
    let within = true;
    host.timers.after(-5, () => {
      same(within, false, 'still within the call');
      done.give();
    });
    within = false;
    await done.promise;
  });

  test('a periodic task that throws is run again, until cancelled', async ({ host }) => {
    let runs = 0;
    const done = signal();
    const cancel = host.timers.every(5, () => {
      if (++runs === 3) {
        cancel();
        done.give();
      }
      throw new Error('planted by the test');
    });
    await done.promise;
    await pause(host, 30);
    same(runs, 3, 'runs after cancelling in the third');
  });

  test('a periodic task may start at another time than its period', async ({ host }) => {
    const done = signal();
    const began = host.clock.monotonicMs();
    const cancel = host.timers.every(60_000, done.give, 5);
    await done.promise;
    cancel();
    isTrue(host.clock.monotonicMs() - began < 50_000, 'the first run came before a whole period');
  });

  test('endOfTurn comes after all promise jobs of the turn, in order', async ({ host }) => {
    const order: string[] = [];
    const done = signal();
    host.timers.after(1, () => {
      host.timers.endOfTurn(() => order.push('end 1'));
      host.timers.endOfTurn(() => {
        order.push('end 2');
        host.timers.endOfTurn(() => {
          order.push('end of the next turn');
          done.give();
        });
        void Promise.resolve().then(() => order.push('job of end 2'));
      });
      void (async () => {
        for (let round = 0; round < 100; round++) await undefined;
        order.push('jobs');
      })();
      order.push('handler');
    });
    await done.promise;
    same(order, ['handler', 'jobs', 'end 1', 'end 2', 'job of end 2', 'end of the next turn'], 'order');
  });

  test('clocks go forward; the wall clock shows whole milliseconds', async ({ host }) => {
    const [monotonic, wall] = [host.clock.monotonicMs(), host.clock.wallMs()];
    await pause(host, 20);
    isTrue(host.clock.monotonicMs() > monotonic, 'the monotonic clock has gone on');
    isTrue(Number.isInteger(wall) && wall > 1.6e12, 'the wall clock is a time of these years in whole ms');
  });
}
