import { runHalfWrittenCommit, runTransactions, verdictOf } from './transactional-run';

// Planted bugs: a broker that does not look into the log for what a former master has committed, and one that does not notice
// that a transaction has ended already. The runs must notice both.
interface LedgerModule {
  readonly TransactionLedger: new (half: number, op: number) => { hasEnded(offset: number): boolean };
}
interface EndModule {
  readonly EndTransaction: { prototype: { isCommitted(): boolean } };
}

const mockPlant = { twice: false, forgetful: false };
jest.mock('../../../broker/src/transaction/transaction-ledger', () => {
  const { TransactionLedger } = jest.requireActual<LedgerModule>('../../../broker/src/transaction/transaction-ledger');
  return {
    TransactionLedger: class extends TransactionLedger {
      override hasEnded(offset: number): boolean {
        return !mockPlant.twice && super.hasEnded(offset);
      }
    },
  };
});
jest.mock('../../../broker/src/transaction/end-transaction', () => {
  const actual = jest.requireActual<EndModule>('../../../broker/src/transaction/end-transaction');
  const { isCommitted } = actual.EndTransaction.prototype;
  actual.EndTransaction.prototype.isCommitted = function (...args: []) {
    return !mockPlant.forgetful && isCommitted.apply(this, args);
  };
  return actual;
});

afterEach(() => Object.assign(mockPlant, { twice: false, forgetful: false }));

it('notices a commit that is carried out twice', async () => {
  mockPlant.twice = true;
  expect(verdictOf(await runTransactions(1, 'kill')).twice.length).toBeGreaterThan(0);
}, 120_000);

it('notices a new master that commits what its predecessor has', async () => {
  mockPlant.forgetful = true;
  expect(await runHalfWrittenCommit()).toEqual(['paid', 'paid']);
}, 120_000);
