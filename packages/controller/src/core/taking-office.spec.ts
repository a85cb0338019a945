import { addressOf, brokerSet, CLUSTER, liveView, NAME } from '../../test/sets';
import { alterSyncStateSet } from './alter-sync-state-set';
import { brokenInvariant, type BrokerSet } from './broker-set';
import { cleanBrokerData } from './clean-broker-data';
import type { Decision } from './decision';
import { decideElection } from './elect-master';
import { applyEvent } from './event';
import { registerBroker } from './register-broker';
import { decodeSnapshot, encodeSnapshot } from './snapshot';

/** The set after each request, with every invariant checked on the way. */
class Story {
  constructor(public set: BrokerSet) {}

  elect(asker: number, alive: number[], designateElect = false): Decision {
    const command = { brokerName: NAME, brokerId: asker, designateElect, unclean: false, live: liveView(alive) };
    return this.apply(decideElection(this.set, { kind: 'electMaster', ...command }));
  }
  passOver(alive: number[]): Decision {
    const command = { brokerName: NAME, brokerId: -1, designateElect: false, unclean: false, passOver: true };
    return this.apply(decideElection(this.set, { kind: 'electMaster', ...command, live: liveView(alive) }));
  }
  register(brokerId: number, alive: number[], unsyncedTailLost: boolean): Decision {
    const place = { clusterName: CLUSTER, brokerName: NAME, brokerId, brokerAddress: addressOf(brokerId) };
    const command = { ...place, confirmsMastership: true, unsyncedTailLost, live: liveView(alive) };
    return this.apply(registerBroker(this.set, { kind: 'registerBroker', ...command }));
  }
  alter(ids: number[]): Decision {
    const { masterBrokerId = -1, masterEpoch, syncStateSetEpoch } = this.set;
    const wish = { brokerName: NAME, masterBrokerId, masterEpoch, syncStateSet: ids, syncStateSetEpoch };
    return this.apply(alterSyncStateSet(this.set, { kind: 'alterSyncStateSet', ...wish, live: liveView(ids) }));
  }
  clean(ids: number[]): Decision {
    const command = { brokerName: NAME, brokerIds: ids.join(';'), cleanLivingBroker: false, live: liveView([]) };
    return this.apply(cleanBrokerData(this.set, { kind: 'cleanBrokerData', ...command }));
  }
  get master(): number | undefined {
    return this.set.masterBrokerId;
  }

  private apply(decision: Decision): Decision {
    for (const event of decision.events) {
      const next = applyEvent(this.set, event) as BrokerSet;
      expect(brokenInvariant(this.set, next)).toBeUndefined();
      this.set = next;
    }
    return decision;
  }
}

/** Three brokers of ours, all in the set, 1 the master. */
function threeInSync(): Story {
  const set = brokerSet({ syncStateSet: [1, 2, 3] });
  const members = new Map([...set.members].map(([id, member]) => [id, { ...member, confirmsMastership: true }]));
  return new Story({ ...set, members });
}

describe('an election is on trial until the winner confirms', () => {
  test('a winner that dies before it confirms is replaced from the set that elected it', () => {
    const story = threeInSync();
    story.elect(-1, [2, 3]);
    expect(story.set).toMatchObject({ masterBrokerId: 2, syncStateSet: [2], electorate: [1, 2, 3] });
    story.elect(-1, [3]);
    expect(story.set).toMatchObject({ masterBrokerId: 3, masterEpoch: 4, syncStateSet: [3], electorate: [1, 2, 3] });
  });
  test('it confirms by asking for the office that it has', () => {
    const story = threeInSync();
    story.elect(-1, [2, 3]);
    const { outcome, events } = story.elect(2, [2, 3]);
    expect(outcome).toMatchObject({ code: 2011, header: { masterBrokerId: '2', masterEpoch: '3' } });
    expect(events).toEqual([{ kind: 'masterConfirmed', brokerName: NAME }]);
    expect(story.elect(2, [2, 3]).events).toEqual([]);
    expect(story.elect(-1, [3]).outcome.code).toBe(2004);
    expect(story.set).toMatchObject({ masterBrokerId: undefined, syncStateSet: [2] });
  });
  test('nobody else confirms for it', () => {
    const story = threeInSync();
    story.elect(-1, [2, 3]);
    expect(story.elect(3, [2, 3]).events).toEqual([]);
    expect(story.elect(-1, [2, 3]).events).toEqual([]);
  });
  test('when nobody is left the set is again what it was', () => {
    const story = threeInSync();
    story.elect(-1, [2, 3]);
    story.elect(-1, []);
    expect(story.set).toMatchObject({ masterBrokerId: undefined, syncStateSet: [1, 2, 3], electorate: undefined });
  });
  test('one that lives and never confirms is passed over, when there is another', () => {
    const story = threeInSync();
    story.elect(-1, [2, 3]);
    story.passOver([1, 2, 3]);
    expect(story.set).toMatchObject({ masterBrokerId: 1, masterEpoch: 4, electorate: [1, 2, 3] });
    expect(story.passOver([1]).outcome.code).toBe(2012);
    expect(story.master).toBe(1);
    story.elect(1, [1, 2, 3]);
    expect(story.passOver([1, 2, 3]).events).toEqual([]);
  });
  test('a Java broker takes over without a word, so there is nothing to take back', () => {
    const story = new Story(brokerSet({ syncStateSet: [1, 2, 3] }));
    story.elect(-1, [2, 3]);
    expect(story.set.electorate).toBeUndefined();
  });
  test('an altered set is a confirmation too', () => {
    const story = threeInSync();
    story.elect(-1, [2, 3]);
    expect(story.alter([2, 3]).outcome.code).toBe(0);
    expect(story.set).toMatchObject({ syncStateSet: [2, 3], electorate: undefined });
  });
  test('it survives a snapshot', () => {
    const story = threeInSync();
    story.elect(-1, [2, 3]);
    const { set } = story;
    expect(decodeSnapshot(encodeSnapshot(new Map([[NAME, set]]))).get(NAME)).toEqual(set);
  });
});

describe('known-losses: lazy-flush, a member lost its unsynced tail with the power', () => {
  test('a slave leaves the set, its master goes on, and takes it back when it has caught up', () => {
    const story = threeInSync();
    story.register(3, [1, 2, 3], true);
    expect(story.set).toMatchObject({ masterBrokerId: 1, syncStateSet: [1, 2], syncStateSetEpoch: 5 });
    expect(story.set.doubtful).toBeUndefined();
    expect(story.alter([1, 2, 3]).outcome.code).toBe(0);
  });
  test('a master that comes back at once is not its own successor', () => {
    const story = threeInSync();
    story.register(1, [1], true);
    expect(story.set).toMatchObject({ masterBrokerId: undefined, syncStateSet: [2, 3] });
    expect(story.elect(1, [1]).outcome.code).toBe(2012);
    expect(story.elect(2, [1, 2]).outcome.code).toBe(0);
    expect(story.master).toBe(2);
  });
  test('a winner that lost power before it heard of its election', () => {
    const story = threeInSync();
    story.elect(-1, [2]);
    story.register(2, [2, 3], true);
    expect(story.set).toMatchObject({ masterBrokerId: 3, electorate: [1, 3] });
  });
  test('the only member stays: there is nothing better', () => {
    const story = threeInSync();
    story.alter([1]);
    story.register(1, [1, 2, 3], true);
    expect(story.set).toMatchObject({ masterBrokerId: undefined, syncStateSet: [1] });
    story.elect(1, [1, 2]);
    expect(story.master).toBe(1);
  });
  test('all lost power: the best of all who come back, when all are back', () => {
    const story = threeInSync();
    story.register(1, [], true);
    story.register(2, [1], true);
    expect(story.set).toMatchObject({ masterBrokerId: undefined, syncStateSet: [3], doubtful: [1, 2] });
    const refused = story.elect(2, [1, 2]);
    expect(refused.outcome).toMatchObject({ code: 2012, remark: expect.stringContaining('start [3]') as string });
    story.register(3, [1, 2], true);
    expect(story.set).toMatchObject({ syncStateSet: [1, 2, 3], doubtful: undefined });
  });
  test('all lost power and one never comes back: an operator who cleans it away lets the others go on', () => {
    const story = threeInSync();
    story.register(1, [], true);
    story.register(2, [1], true);
    story.clean([3]);
    expect(story.set).toMatchObject({ syncStateSet: [1, 2], doubtful: undefined });
    expect(story.elect(2, [1, 2]).outcome.code).toBe(0);
  });
  test('what somebody acknowledged since makes old remains worthless', () => {
    const story = threeInSync();
    story.register(1, [], true);
    story.elect(2, [1, 2, 3]);
    story.elect(2, [1, 2, 3]);
    expect(story.set).toMatchObject({ masterBrokerId: 2, syncStateSet: [2], doubtful: undefined });
    story.register(2, [1], true);
    expect(story.set).toMatchObject({ syncStateSet: [2] });
  });
});
