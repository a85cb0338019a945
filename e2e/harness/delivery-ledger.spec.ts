import { DeliveryLedger, storedBy } from './delivery-ledger';

const OLD = '127.0.0.1:10911';
const NEW = '127.0.0.1:20911';

function ledgerOf(acknowledged: readonly number[], delivered: readonly number[]): DeliveryLedger {
  const ledger = new DeliveryLedger(10);
  for (const n of acknowledged) ledger.acknowledge({ n, sentAt: n, at: n, by: OLD });
  for (const n of delivered) ledger.deliver(n);
  return ledger;
}

describe('DeliveryLedger', () => {
  it('is complete when each acknowledged number was delivered, in whatever order the two were heard of', () => {
    const ledger = new DeliveryLedger(10);
    ledger.deliver(1);
    ledger.acknowledge({ n: 1, sentAt: 0, at: 1, by: OLD });
    ledger.acknowledge({ n: 2, sentAt: 0, at: 1, by: OLD });
    expect(ledger.complete).toBe(false);
    ledger.deliver(2);
    expect(ledger.complete).toBe(true);
    expect(ledger.report()).toMatchObject({ acknowledged: 2, consumed: 2, lost: [], duplicates: 0, foreign: 0 });
  });

  it('names an acknowledged number that was never delivered, though others were delivered twice', () => {
    const ledger = ledgerOf([1, 2, 3], [1, 1, 3]);
    expect(ledger.complete).toBe(false);
    expect(ledger.report()).toMatchObject({ lost: [2], duplicates: 1 });
  });

  it('counts what was never sent apart, and does not take it for a delivery', () => {
    const ledger = ledgerOf([1], [-1, 10, 1.5]);
    expect(ledger.complete).toBe(false);
    expect(ledger.report()).toMatchObject({ consumed: 0, foreign: 3, lost: [1] });
  });

  it('keeps numbers that were given up but stored out of the losses', () => {
    const ledger = ledgerOf([1], [1, 2]);
    ledger.giveUp();
    expect(ledger.report()).toMatchObject({ unacknowledged: 1, consumed: 2, lost: [] });
  });

  it('refuses to count an acknowledgement twice', () => {
    expect(() => ledgerOf([1, 1], [])).toThrow('number 1 was acknowledged twice');
  });

  it('takes the earliest answer of another broker for the end of a failover', () => {
    const ledger = new DeliveryLedger(10);
    ledger.acknowledge({ n: 1, sentAt: 90, at: 95, by: NEW });
    ledger.acknowledge({ n: 2, sentAt: 99, at: 101, by: OLD });
    ledger.acknowledge({ n: 3, sentAt: 700, at: 712, by: NEW });
    ledger.acknowledge({ n: 4, sentAt: 700, at: 709, by: NEW });
    expect(ledger.firstAcknowledgedAfter(100, OLD)?.n).toBe(4);
    expect(ledger.firstAcknowledgedAfter(800, OLD)).toBeUndefined();
  });
});

describe('storedBy', () => {
  it('reads address and port', () => {
    expect(storedBy('7F00000100002A9F0000000000000000')).toBe('127.0.0.1:10911');
  });

  it('refuses what is not an id of the IPv4 form', () => {
    expect(() => storedBy('7F000001')).toThrow('not an offset message id');
  });
});
