import type { Half } from './half-message';
import { TransactionLedger } from './transaction-ledger';

describe('TransactionLedger', () => {
  const half = (offset: number): Half => ({
    offset,
    physicalOffset: offset * 100,
    storeTimestamp: 1000 + offset,
    producerGroup: 'p',
    immunityMs: undefined,
  });
  const withHalves = (count: number, from = 10): TransactionLedger => {
    const ledger = new TransactionLedger(from, 3);
    for (let offset = from; offset < from + count; offset++) ledger.readHalf(offset, half(offset));
    return ledger;
  };
  const open = (ledger: TransactionLedger): number[] => [...ledger.open()].map(({ offset }) => offset);
  const progress = (ledger: TransactionLedger): number[] => [ledger.halfProgress, ledger.opProgress];

  it('counts as progress only what is settled, and in order', () => {
    const ledger = withHalves(3);
    expect(progress(ledger)).toEqual([10, 3]);
    ledger.end(10);
    expect([open(ledger), progress(ledger), ledger.hasEnded(10)]).toEqual([[11, 12], [10, 3], true]);
    ledger.readOp(3, [11]);
    expect([open(ledger), progress(ledger)]).toEqual([[12], [10, 3]]);
    ledger.readOp(4, [10]);
    expect(progress(ledger)).toEqual([12, 5]);
    ledger.readOp(5, [12]);
    expect([open(ledger), progress(ledger)]).toEqual([[], [13, 6]]);
  });

  it('keeps op messages that tell of what is not passed yet, and forgets those that tell of what is', () => {
    const ledger = withHalves(3);
    ledger.readOp(3, [5, 9]);
    ledger.readOp(4, [12]);
    ledger.readOp(5, [10, 11]);
    expect(progress(ledger)).toEqual([13, 6]);
    const other = withHalves(3);
    other.readOp(3, [12, 10]);
    other.readOp(4, []);
    expect(progress(other)).toEqual([11, 3]);
  });

  it('knows an end that it reads before the half message', () => {
    const ledger = withHalves(1);
    ledger.readOp(3, [11, 20]);
    ledger.end(12);
    for (const offset of [11, 12, 13]) ledger.readHalf(offset, half(offset));
    expect(open(ledger)).toEqual([10, 13]);
  });

  it('passes messages that nobody can commit, and gaps', () => {
    const ledger = withHalves(0);
    ledger.readHalf(10, undefined);
    expect(ledger.halfProgress).toBe(11);
    ledger.readHalf(11, half(11));
    ledger.skipHalvesTo(20);
    expect([open(ledger), ledger.halfProgress, ledger.hasEnded(11)]).toEqual([[], 20, true]);
    ledger.skipHalvesTo(5);
    ledger.skipOpsTo(9);
    expect([ledger.nextHalf, ledger.nextOp]).toEqual([20, 9]);
  });

  it('has everything of what is behind the progress when it begins there', () => {
    const ledger = withHalves(4);
    ledger.readOp(3, [11]);
    ledger.readOp(4, [10]);
    ledger.readOp(5, [13]);
    const next = new TransactionLedger(ledger.halfProgress, ledger.opProgress);
    next.readOp(5, [13]);
    for (const offset of [12, 13]) next.readHalf(offset, half(offset));
    expect([open(next), open(ledger), progress(next)]).toEqual([[12], [12], progress(ledger)]);
  });
});
