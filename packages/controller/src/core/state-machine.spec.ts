import * as fc from 'fast-check';
import { addressOf, checkCodeOf, CLUSTER, liveView, NAME } from '../../test/sets';
import { brokenInvariant, type BrokerSet } from './broker-set';
import { encodeCommand, type Command } from './command';
import type { Event } from './event';
import { ControllerStateMachine, decodeOutcome } from './state-machine';

const NAMES = ['a', 'b'];
const id = fc.integer({ min: 1, max: 4 });
const brokerName = fc.constantFrom(...NAMES);
const live = fc.record({
  alive: fc.array(
    fc.record({
      clusterName: fc.constantFrom(CLUSTER, CLUSTER, CLUSTER, 'other'),
      brokerId: id,
      epoch: fc.integer({ min: -1, max: 3 }),
      maxOffset: fc.constantFrom(-1, 5, 2 ** 33),
      electionPriority: fc.constantFrom(0, 2_147_483_647),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  lost: fc.array(fc.record({ clusterName: fc.constant(CLUSTER), brokerId: id }), { maxLength: 2 }),
  listening: fc.boolean(),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant('applyBrokerId' as const),
    clusterName: fc.constantFrom(CLUSTER, CLUSTER, CLUSTER, 'other'),
    brokerName,
    appliedBrokerId: id,
    registerCheckCode: id.map(checkCodeOf),
  }),
  fc.record({
    kind: fc.constant('registerBroker' as const),
    clusterName: fc.constant(CLUSTER),
    brokerName,
    brokerId: id,
    brokerAddress: id.map(addressOf),
    live,
  }),
  fc.record({
    kind: fc.constant('alterSyncStateSet' as const),
    brokerName,
    masterBrokerId: id,
    masterEpoch: fc.integer({ min: 1, max: 5 }),
    syncStateSet: fc.array(id, { maxLength: 3 }),
    syncStateSetEpoch: fc.integer({ min: 1, max: 5 }),
    live,
  }),
  fc.record({
    kind: fc.constant('electMaster' as const),
    brokerName,
    brokerId: fc.constantFrom(-1, 1, 2, 3, 4),
    designateElect: fc.boolean(),
    unclean: fc.boolean(),
    live,
  }),
  fc.record({
    kind: fc.constant('cleanBrokerData' as const),
    brokerName,
    brokerIds: fc.constantFrom(undefined, '1', '2;3', '2', '3', '4', ';', 'x'),
    cleanLivingBroker: fc.boolean(),
    live,
  }),
);
/** Mostly requests that live brokers send, on sets that are there already. */
const weighted = fc.oneof(
  { weight: 1, arbitrary: command },
  { weight: 3, arbitrary: command.filter(({ kind }) => kind === 'alterSyncStateSet' || kind === 'electMaster') },
);
const founding = NAMES.flatMap((name) =>
  [1, 2, 3].map((appliedBrokerId): Command => ({
    kind: 'applyBrokerId',
    clusterName: CLUSTER,
    brokerName: name,
    appliedBrokerId,
    registerCheckCode: checkCodeOf(appliedBrokerId),
  })),
);
const history = fc.array(weighted, { minLength: 1, maxLength: 40 }).map((commands) => [...founding, ...commands]);
/** Ids of a machine that ran `commands`, its state as bytes, and everything it answered. */
const run = (commands: readonly Command[], machine = new ControllerStateMachine()) => ({
  machine,
  answers: commands.map((item) => machine.apply(encodeCommand(item)).toString()),
});

test('replicas that apply the same commands agree in every answer and every byte of state', () => {
  fc.assert(
    fc.property(history, (commands) => {
      const [one, other] = [run(commands), run(commands)];
      expect(other.answers).toEqual(one.answers);
      expect(other.machine.snapshot().equals(one.machine.snapshot())).toBe(true);
    }),
  );
});

test('a replica restored from a snapshot anywhere goes on as the others', () => {
  fc.assert(
    fc.property(history, fc.nat({ max: 40 }), (commands, cut) => {
      const whole = run(commands);
      const restored = new ControllerStateMachine();
      restored.restore(run(commands.slice(0, cut)).machine.snapshot());
      const rest = run(commands.slice(cut), restored);
      expect(rest.answers).toEqual(whole.answers.slice(cut));
      expect(restored.snapshot().equals(whole.machine.snapshot())).toBe(true);
    }),
  );
});

/** Random epochs hardly ever fit: half of the masters know them. */
function truthful(item: Command, set: BrokerSet | undefined): Command {
  if (item.kind !== 'alterSyncStateSet' || set?.masterBrokerId === undefined || item.masterEpoch % 2 === 0) return item;
  const { masterBrokerId, masterEpoch, syncStateSetEpoch } = set;
  const alive = item.live.alive.filter(({ clusterName }) => clusterName === set.clusterName);
  const syncStateSet = [masterBrokerId, ...alive.map(({ brokerId }) => brokerId).filter((one) => set.members.has(one))];
  return { ...item, masterBrokerId, masterEpoch, syncStateSet, syncStateSetEpoch };
}

/** Of one step. The reference’s rules about who may change what, said a second time without the deciders (4.6). */
function violations(before: BrokerSet | undefined, done: Command, after: BrokerSet | undefined): string[] {
  const found: string[] = [];
  const says = (holds: boolean, what: string): void => void (holds || found.push(what));
  const broken = after && brokenInvariant(before, after);
  if (broken !== undefined) found.push(broken);
  if (before === undefined || after === undefined) {
    says(after === undefined || done.kind === 'applyBrokerId', 'a set comes from an application only');
    says(before === undefined || done.kind === 'cleanBrokerData', 'a set goes by cleaning only');
    return found;
  }
  const { kind } = done;
  const masterMoved = before.masterBrokerId !== after.masterBrokerId || before.masterEpoch !== after.masterEpoch;
  says(!masterMoved || kind !== 'alterSyncStateSet', 'alter moves the master');
  says(!masterMoved || kind !== 'applyBrokerId', 'apply moves the master');
  says(kind === 'cleanBrokerData' || after.members.size >= before.members.size, 'a member is lost');
  const left = before.syncStateSet.filter((member) => after.members.has(member));
  const dirty = 'unclean' in done && (done.unclean || (done.designateElect && before.syncStateSet.length === 0));
  const elected = masterMoved && after.masterBrokerId !== undefined;
  says(
    !elected || before.masterEpoch === 0 || dirty || left.includes(after.masterBrokerId as number),
    'elected from outside the set',
  );
  says(!elected || after.syncStateSet.length === 1, 'an election leaves one');
  const sameSet = String(before.syncStateSet) === String(after.syncStateSet);
  says(sameSet || after.syncStateSetEpoch > before.syncStateSetEpoch, 'another set in the same epoch');
  if (elected && 'live' in done) {
    const alive = done.live.alive.some(
      (item) => item.brokerId === after.masterBrokerId && item.clusterName === after.clusterName,
    );
    says(alive, 'a dead master');
  }
  return found;
}

test('epochs never fall, a master is in its set, and nobody changes what is not his', () => {
  let elections = 0;
  let alterations = 0;
  fc.assert(
    fc.property(history, (commands) => {
      const machine = new ControllerStateMachine();
      for (const drawn of commands) {
        const before = machine.sets.get(drawn.brokerName);
        const item = truthful(drawn, before);
        const others = [...machine.sets].filter(([name]) => name !== item.brokerName);
        const { code, remark } = decodeOutcome(machine.apply(encodeCommand(item)));
        const after = machine.sets.get(item.brokerName);
        expect([code === 1 ? remark : undefined, violations(before, item, after)]).toEqual([undefined, []]);
        expect([...machine.sets].filter(([name]) => name !== item.brokerName)).toEqual(others);
        if (after?.masterEpoch !== before?.masterEpoch) elections += 1;
        else if (after?.syncStateSetEpoch !== before?.syncStateSetEpoch) alterations += 1;
      }
    }),
    { numRuns: 300, seed: 20 },
  );
  // The test would be worth little if its histories did nothing.
  expect(elections).toBeGreaterThan(300);
  expect(alterations).toBeGreaterThan(20);
});

test('the checker bites', () => {
  const machine = new ControllerStateMachine();
  for (const appliedBrokerId of [1, 2]) {
    const registerCheckCode = checkCodeOf(appliedBrokerId);
    machine.apply(
      encodeCommand({
        kind: 'applyBrokerId',
        clusterName: CLUSTER,
        brokerName: NAME,
        appliedBrokerId,
        registerCheckCode,
      }),
    );
  }
  const elect: Command = {
    kind: 'electMaster',
    brokerName: NAME,
    brokerId: 1,
    designateElect: false,
    unclean: false,
    live: liveView([1, 2]),
  };
  machine.apply(encodeCommand(elect));
  const set = machine.sets.get(NAME) as BrokerSet;
  expect(violations(set, elect, { ...set, masterBrokerId: 2 })).toContain('master 2 is not in the SyncStateSet');
  expect(violations(set, elect, { ...set, masterEpoch: 0 })).toContain('the master epoch falls');
  expect(violations(set, elect, { ...set, masterBrokerId: 2, syncStateSet: [2] })).toContain(
    'two masters in one epoch',
  );
  const outside = { ...set, masterBrokerId: 2, masterEpoch: 9, syncStateSet: [2], syncStateSetEpoch: 9 };
  expect(violations(set, elect, outside)).toEqual(['elected from outside the set']);
});

test('what cannot be applied is refused alike and changes nothing', () => {
  const machine = new ControllerStateMachine();
  for (const text of [
    '',
    '{',
    '{"v":2,"kind":"electMaster"}',
    '{"v":1,"kind":"later"}',
    '{"v":1,"kind":"electMaster"}',
    'null',
  ]) {
    expect(decodeOutcome(machine.apply(Buffer.from(text))).code).not.toBe(0);
  }
  expect(machine.sets.size).toBe(0);
});

test('snapshots of another version or torn ones are not guessed at', () => {
  const machine = new ControllerStateMachine();
  expect(() => machine.restore(Buffer.from('{"v":2,"sets":[]}'))).toThrow('snapshot of version 2, expected 1');
  expect(() => machine.restore(Buffer.from('{"v":1,"se'))).toThrow('is not JSON');
});

test('listeners see every event with the set as it was after it', () => {
  const machine = new ControllerStateMachine();
  const seen: [Event['kind'], number | undefined][] = [];
  machine.onEvent((event, set) => seen.push([event.kind, set?.masterEpoch]));
  const apply = (item: Command): unknown => machine.apply(encodeCommand(item));
  apply({
    kind: 'applyBrokerId',
    clusterName: CLUSTER,
    brokerName: NAME,
    appliedBrokerId: 1,
    registerCheckCode: checkCodeOf(1),
  });
  apply({
    kind: 'electMaster',
    brokerName: NAME,
    brokerId: 1,
    designateElect: false,
    unclean: false,
    live: liveView([1]),
  });
  apply({
    kind: 'registerBroker',
    clusterName: CLUSTER,
    brokerName: NAME,
    brokerId: 1,
    brokerAddress: 'new:1',
    live: liveView([]),
  });
  apply({ kind: 'cleanBrokerData', brokerName: NAME, brokerIds: '1', cleanLivingBroker: true, live: liveView([]) });
  expect(seen).toEqual([
    ['memberAdded', 0],
    ['masterElected', 3],
    ['memberUpdated', 3],
    ['masterElected', 4],
    ['brokerDataCleaned', undefined],
  ]);
});
