import { nodeTimers, nodeTurns } from './clock';
import { silentLog } from './log';

describe('nodeTurns', () => {
  it('runs a task after every promise job, also when asked from within such a task', async () => {
    const order: string[] = [];
    const jobs = async (name: string): Promise<void> => {
      for (let round = 0; round < 1000; round++) await undefined;
      order.push(name);
    };
    await new Promise<void>((done) => {
      void jobs('first jobs');
      nodeTurns.afterJobs(() => {
        order.push('first');
        void jobs('second jobs');
        nodeTurns.afterJobs(() => {
          order.push('second');
          nodeTurns.nextTurn(done);
        });
      });
    });
    expect(order).toEqual(['first jobs', 'first', 'second jobs', 'second']);
  });
});

describe('nodeTimers', () => {
  it('logs what a periodic task throws, and waits for a delay longer than setTimeout takes', async () => {
    const lines: string[] = [];
    const timers = nodeTimers({
      ...silentLog,
      error: (fields, message) => lines.push(`${message}: ${fields['error']}`),
    });
    let early = false;
    const cancelLong = timers.after(2 ** 40, () => (early = true));
    await new Promise<void>((done) => {
      const cancel = timers.every(1, () => {
        if (lines.length > 0) {
          cancel();
          done();
        }
        throw new Error('planted by the test');
      });
    });
    cancelLong();
    expect(early).toBe(false);
    expect(lines[0]).toBe('a periodic task failed; it runs again: planted by the test');
  });
});
