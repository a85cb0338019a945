import { runGroup, runOneBroker, verdict } from './timed-runs';

// Planted bugs: a timer that does not look whether a copy is in the log already, and one whose progress runs ahead of the
// log it needs. The runs must notice both.
interface State {
  readonly readTimeMs: number;
  readonly logEnd: number;
}
interface LedgerModule {
  readonly TimerLedger: new (first: State) => { readonly current: State; newest(logEnd: number): State | undefined };
}

const mockPlant = { ahead: false };
jest.mock('../../../broker/src/timer/delivered-copies', () => ({ isDelivered: () => false }));
jest.mock('../../../broker/src/timer/timer-ledger', () => {
  const { TimerLedger } = jest.requireActual<LedgerModule>('../../../broker/src/timer/timer-ledger');
  return {
    TimerLedger: class extends TimerLedger {
      override newest(logEnd: number): State | undefined {
        if (!mockPlant.ahead) return super.newest(logEnd);
        return { ...this.current, readTimeMs: this.current.readTimeMs + 5_000, logEnd: 0 };
      }
    },
  };
});

it('notices that messages are delivered twice after a kill', async () => {
  let twice = 0;
  for (let seed = 1; seed <= 6 && twice === 0; seed++) twice += verdict(await runOneBroker(seed, 'kill')).twice.length;
  expect(twice).toBeGreaterThan(0);
}, 120_000);

it('notices that progress runs ahead of the log', async () => {
  mockPlant.ahead = true;
  let lost = 0;
  for (let seed = 1; seed <= 4 && lost === 0; seed++) lost += verdict(await runGroup(seed, 'crash')).lost.length;
  expect(lost).toBeGreaterThan(0);
}, 120_000);
