import { TimerLedger } from './timer-ledger';

describe('TimerLedger', () => {
  const ledger = (): TimerLedger => {
    const one = new TimerLedger({ readTimeMs: 1000, handled: 0, logEnd: 0 });
    one.advance(2000, 1, 100);
    one.advance(3000, 2, 200);
    one.advance(4000, 2, 200);
    return one;
  };

  it.each([
    [0, 1000],
    [99, 1000],
    [100, 2000],
    [199, 2000],
    [200, 4000],
    [900, 4000],
  ])('with a log safe up to %i, %i is reached', (safeEnd, readTimeMs) =>
    expect(ledger().newest(safeEnd)).toMatchObject({ readTimeMs }),
  );

  it('goes back with a log that is cut, and knows when it cannot', () => {
    const one = ledger();
    expect(one.cutTo(150)).toMatchObject({ readTimeMs: 2000, handled: 1 });
    expect(one.current.readTimeMs).toBe(2000);
    const other = new TimerLedger({ readTimeMs: 9000, handled: 5, logEnd: 500 });
    expect(other.cutTo(499)).toBeUndefined();
    expect(other.current.readTimeMs).toBe(9000);
  });

  it('keeps what a state from outside does not contradict', () => {
    const one = ledger();
    one.accept({ readTimeMs: 2500, handled: 3, logEnd: 300 });
    expect(one.newest(299)).toMatchObject({ readTimeMs: 2000 });
    one.accept({ readTimeMs: 500, handled: 0, logEnd: -1 });
    expect(one.newest(0)).toMatchObject({ readTimeMs: 500 });
    expect(one.newest(900)).toMatchObject({ readTimeMs: 500 });
  });

  it('has a bound', () => {
    const one = ledger();
    for (let i = 0; i < 5000; i++) one.advance(4000 + i, 2, 201 + i);
    expect((one as unknown as { marks: unknown[] }).marks.length).toBeLessThanOrEqual(513);
    expect(one.newest(300)?.readTimeMs).toBeLessThanOrEqual(4100);
    expect(one.current.readTimeMs).toBe(8999);
  });
});
