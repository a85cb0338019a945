import { brokerSet, checkCodeOf, CLUSTER, NAME } from '../../test/sets';
import { applyBrokerId } from './apply-broker-id';
import type { BrokerSet } from './broker-set';
import type { ApplyBrokerIdCommand } from './command';
import { applyEvent } from './event';
import { nextBrokerId } from './queries';

const command = (appliedBrokerId: number, change: Partial<ApplyBrokerIdCommand> = {}): ApplyBrokerIdCommand => ({
  kind: 'applyBrokerId',
  clusterName: CLUSTER,
  brokerName: NAME,
  appliedBrokerId,
  registerCheckCode: checkCodeOf(appliedBrokerId),
  ...change,
});
const known = brokerSet({ members: [1, 2] });

// controller.md 4.5, row by row, and what ours refuses besides.
const rows: [string, BrokerSet | undefined, ApplyBrokerIdCommand, number, number][] = [
  ['unknown set, id 1', undefined, command(1), 0, 1],
  ['unknown set, other id', undefined, command(2), 2014, 0],
  ['known, free and next', known, command(3), 0, 1],
  ['known, free out of turn', known, command(7), 0, 1],
  ['known, taken, same check code', known, command(2), 0, 0],
  ['known, taken, other check code', known, command(2, { registerCheckCode: 'x:1;2' }), 2014, 0],
  ['second cluster of the same name', known, command(3, { clusterName: 'other' }), 2014, 0],
  ['zero', known, command(0), 2014, 0],
  ['negative', known, command(-1), 2014, 0],
];

test.each(rows)('%s', (_name, set, request, code, eventCount) => {
  const { outcome, events } = applyBrokerId(set, request);
  expect([outcome.code, events.length]).toEqual([code, eventCount]);
  expect(outcome.header).toEqual({ clusterName: request.clusterName, brokerName: NAME });
});

test('remarks are the reference’s', () => {
  const remark = (set: BrokerSet | undefined, request: ApplyBrokerIdCommand) =>
    applyBrokerId(set, request).outcome.remark;
  expect(remark(undefined, command(2))).toBe(
    "Broker-set: broker-a hasn't been registered in controller, but broker try to apply brokerId: 2",
  );
  expect(remark(known, command(2, { registerCheckCode: 'x' }))).toBe(
    'Fail to apply brokerId: 2 in broker-set: broker-a',
  );
});

test('the address is the check code up to the first semicolon', () => {
  const [event] = applyBrokerId(undefined, command(1, { registerCheckCode: '10.1.1.1:10911;17;x' })).events;
  const set = event && applyEvent(undefined, event);
  expect(set?.members.get(1)).toEqual({
    brokerId: 1,
    address: '10.1.1.1:10911',
    registerCheckCode: '10.1.1.1:10911;17;x',
  });
  expect(set).toMatchObject({ clusterName: CLUSTER, masterEpoch: 0, syncStateSet: [], syncStateSetEpoch: 0 });
});

describe('next id is the highest ever + 1 (controller.md 15.22)', () => {
  const nextOf = (set: BrokerSet | undefined): string | undefined =>
    nextBrokerId(set, CLUSTER, NAME).header?.['nextBrokerId'];
  const apply = (set: BrokerSet | undefined, id: number): BrokerSet | undefined =>
    applyBrokerId(set, command(id)).events.reduce(applyEvent, set);

  test('unknown set', () => expect(nextOf(undefined)).toBe('1'));
  test('after ids out of turn', () => expect(nextOf(apply(apply(apply(undefined, 1), 3), 2))).toBe('4'));
  test('after cleaning the highest', () => {
    const cleaned = applyEvent(known, { kind: 'brokerDataCleaned', brokerName: NAME, brokerIds: [2] });
    expect(nextOf(cleaned)).toBe('3');
  });
  test('two ask, one wins, the other becomes the next', () => {
    const set = apply(undefined, 1);
    const first = command(2, { registerCheckCode: 'a:1;1' });
    const second = command(2, { registerCheckCode: 'b:1;1' });
    const won = applyBrokerId(set, first).events.reduce(applyEvent, set);
    expect(applyBrokerId(won, second).outcome.code).toBe(2014);
    expect(nextOf(won)).toBe('3');
    expect(applyBrokerId(won, first)).toMatchObject({ outcome: { code: 0 }, events: [] });
  });
});
