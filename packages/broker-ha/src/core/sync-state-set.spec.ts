import {
  LOST_PROPOSAL_MS,
  RETRY_PROPOSAL_MS,
  SyncStateSet,
  type Proposal,
  type SyncStateSetOptions,
} from './sync-state-set';

const OPTIONS: SyncStateSetOptions = {
  allAckInSyncStateSet: true,
  inSyncReplicas: 1,
  minInSyncReplicas: 1,
  maxNotCaughtUpMs: 15_000,
  stalledMs: 2500,
};

/** Broker 1 as master of epoch 4, whose log ends at 1000; slaves come in over connections 20, 30 (id times 10). */
class Scene {
  readonly set: SyncStateSet;
  nowMs = 1000;

  constructor(
    ids: number[],
    options: Partial<SyncStateSetOptions> = {},
    readonly written = 1000,
    confirm = 900,
  ) {
    this.set = new SyncStateSet({ ...OPTIONS, ...options });
    this.begin(ids, 4, 7, confirm, false);
  }
  begin(ids: number[], masterEpoch: number, setEpoch: number, confirm: number, keep: boolean): void {
    const { written, nowMs } = this;
    this.set.begin({ selfId: 1, masterEpoch, set: ids, setEpoch, written, confirm, epochStart: written, nowMs }, keep);
  }
  connect(id: number, ack?: number, connection = id * 10, learner = false): void {
    this.set.connected(id, connection, learner, this.set.written);
    if (ack !== undefined) this.ack(id, ack, connection);
  }
  ack(id: number, offset: number, connection = id * 10): boolean {
    return this.set.report(id, connection, offset, this.nowMs);
  }
  write(end: number): void {
    this.set.appended(end);
    for (const id of [2, 3]) this.set.sent(id, id * 10, end, end, this.nowMs);
  }
  propose(): Proposal {
    const proposal = this.set.takeProposal(this.nowMs);
    if (proposal === undefined) throw new Error('no proposal');
    return proposal;
  }
  later(ms: number): this {
    this.nowMs += ms;
    return this;
  }
  accepted(proposal: Proposal): void {
    this.set.answered(
      proposal,
      { kind: 'accepted', ids: proposal.ids, setEpoch: proposal.baseSetEpoch + 1 },
      this.nowMs,
    );
  }
}

describe('confirm offset', () => {
  it('alone: the end of the written log', () => {
    const { set } = new Scene([1]);
    expect(set.confirmOffset).toBe(1000);
    set.appended(1100);
    expect([set.confirmOffset, set.ackedOffset]).toEqual([1100, 1100]);
  });

  it('is frozen by a member without a report, whatever the others say', () => {
    const scene = new Scene([1, 2, 3]);
    scene.connect(2, 1000);
    expect(scene.set.confirmOffset).toBe(900);
    scene.connect(3);
    expect(scene.set.confirmOffset).toBe(900);
    scene.ack(3, 950);
    expect(scene.set.confirmOffset).toBe(950);
  });

  it('never falls within an epoch: a member comes back with less', () => {
    const scene = new Scene([1, 2]);
    scene.connect(2, 1000);
    expect(scene.set.confirmOffset).toBe(1000);
    scene.connect(2, 400, 21);
    expect(scene.set.confirmOffset).toBe(1000);
    scene.write(1200);
    scene.ack(2, 1100, 21);
    expect(scene.set.confirmOffset).toBe(1000);
  });
});

describe('ack-from-nobody', () => {
  it('strangers, learners and old connections do not count', () => {
    const scene = new Scene([1, 2]);
    expect(scene.set.report(9, 90, 1000, 0)).toBe(true);
    scene.connect(5, 1000, 50, true);
    scene.connect(2, 950);
    scene.connect(2, 960, 21);
    scene.ack(2, 1000, 20);
    expect(scene.set.confirmOffset).toBe(960);
    expect(scene.set.takeProposal(scene.nowMs)).toBeUndefined();
  });

  it('an ack above what was sent is refused', () => {
    const scene = new Scene([1, 2]);
    scene.connect(2, 1000);
    expect(scene.ack(2, 1001)).toBe(false);
    scene.set.sent(2, 20, 1500, 1500, 0);
    scene.set.appended(1500);
    expect(scene.ack(2, 1500)).toBe(true);
  });

  it('two connections of one slave are one ack', () => {
    const scene = new Scene([1, 2, 3], { allAckInSyncStateSet: false, inSyncReplicas: 3 });
    scene.connect(2, 1000);
    scene.connect(2, 1000, 21);
    expect(scene.set.ackedOffset).toBe(900);
    scene.connect(3, 1000);
    expect(scene.set.ackedOffset).toBe(1000);
  });
});

describe('expand-window', () => {
  it('from the moment of the proposal acks of old and new members are needed, also when the answer is lost', () => {
    const scene = new Scene([1]);
    scene.connect(2, 1000);
    const proposal = scene.propose();
    expect(proposal).toEqual({ masterEpoch: 4, baseSetEpoch: 7, ids: [1, 2] });
    scene.set.appended(1200);
    expect(scene.set.ackedOffset).toBe(1000);
    scene.set.answered(proposal, { kind: 'unknown' }, scene.nowMs);
    scene.set.closed(2, 20);
    scene.set.appended(1300);
    expect([scene.set.union, scene.set.ackedOffset]).toEqual([[1, 2], 1000]);
  });

  it('a read that shows the old set at once does not end the doubt; a newer set does', () => {
    const scene = new Scene([1]);
    scene.connect(2, 1000);
    scene.set.answered(scene.propose(), { kind: 'unknown' }, scene.nowMs);
    scene.set.adopt([1], 7, scene.nowMs + 5);
    expect(scene.set.union).toEqual([1, 2]);
    scene.set.adopt([1, 2], 8, scene.nowMs + 10);
    expect([scene.set.ids, scene.set.union]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('a read that shows the old set long after the sending ends it too', () => {
    const scene = new Scene([1]);
    scene.connect(2, 1000);
    scene.set.answered(scene.propose(), { kind: 'unknown' }, scene.nowMs);
    scene.set.closed(2, 20);
    scene.later(LOST_PROPOSAL_MS);
    scene.set.adopt([1], 7, scene.nowMs);
    expect(scene.set.union).toEqual([1]);
  });

  it('a certain refusal ends it at once, but not the doubt about an earlier one', () => {
    const scene = new Scene([1]);
    scene.connect(2, 1000);
    scene.set.answered(scene.propose(), { kind: 'refused' }, scene.nowMs);
    expect(scene.set.union).toEqual([1]);
    scene.later(RETRY_PROPOSAL_MS);
    scene.set.answered(scene.propose(), { kind: 'unknown' }, scene.nowMs);
    scene.later(RETRY_PROPOSAL_MS);
    scene.set.answered(scene.propose(), { kind: 'refused' }, scene.nowMs);
    expect(scene.set.union).toEqual([1, 2]);
  });

  it('under constant load a candidate just behind is counted first and proposed when it has what was confirmed', () => {
    const scene = new Scene([1]);
    scene.connect(2, 990);
    expect(scene.set.takeProposal(scene.nowMs)).toBeUndefined();
    scene.write(1010);
    scene.later(10).ack(2, 1010);
    scene.set.appended(1100);
    expect([scene.set.union, scene.set.confirmOffset]).toEqual([[1, 2], 1010]);
    expect(scene.propose().ids).toEqual([1, 2]);
  });

  it('a candidate that stops is let go of again', () => {
    const scene = new Scene([1], { allAckInSyncStateSet: false });
    scene.connect(2, 1000);
    scene.set.closed(2, 20);
    expect(scene.set.union).toEqual([1]);
  });
});

describe('two-slaves-leave', () => {
  it('both leave in one proposal, or one after the other under fresh epochs; never is one brought back', () => {
    const scene = new Scene([1, 2, 3]);
    scene.connect(2, 1000);
    scene.connect(3, 1000);
    scene.set.closed(2, 20);
    const first = scene.propose();
    expect(first.ids).toEqual([1, 3]);
    scene.set.closed(3, 30);
    expect(scene.set.takeProposal(scene.nowMs)).toBeUndefined();
    scene.accepted(first);
    expect(scene.propose()).toEqual({ masterEpoch: 4, baseSetEpoch: 8, ids: [1] });
  });

  it('the late close of an old connection removes nobody', () => {
    const scene = new Scene([1, 2]);
    scene.connect(2, 1000);
    scene.connect(2, 1000, 21);
    scene.set.closed(2, 20);
    expect(scene.set.takeProposal(scene.nowMs)).toBeUndefined();
  });
});

describe('answers that come too late', () => {
  it('to a proposal of an earlier epoch change nothing', () => {
    const scene = new Scene([1, 2]);
    scene.connect(2, 1000);
    scene.set.closed(2, 20);
    const old = scene.propose();
    scene.begin([1], 5, 9, 1000, true);
    scene.accepted(old);
    expect([scene.set.ids, scene.set.epoch]).toEqual([[1], 9]);
  });
});

describe('shrinking', () => {
  it('after haMaxTimeSlaveNotCatchup; hung-slave-stalls: after a moment where the rest suffices', () => {
    for (const [min, afterMs] of [
      [2, 2501],
      [3, 15_001],
    ] as const) {
      const scene = new Scene([1, 2, 3], { minInSyncReplicas: min });
      scene.connect(2, 1000);
      scene.connect(3, 1000);
      scene.write(1100);
      scene.later(afterMs - 1).ack(3, 1100);
      expect(scene.set.takeProposal(scene.nowMs)).toBeUndefined();
      scene.later(1);
      expect(scene.propose().ids).toEqual([1, 3]);
    }
  });

  it('members of a resumed mastership get a moment to connect', () => {
    const scene = new Scene([1, 2]);
    expect(scene.later(3000).set.takeProposal(scene.nowMs)).toBeUndefined();
    expect(scene.later(1).propose().ids).toEqual([1]);
  });

  it('below minInSyncReplicas nothing is acknowledged that waits, and nothing accepted', () => {
    const scene = new Scene([1, 2], { minInSyncReplicas: 2 });
    scene.connect(2, 1000);
    scene.write(1100);
    scene.set.closed(2, 20);
    scene.accepted(scene.propose());
    expect([scene.set.ackedOffset, scene.set.confirmOffset, scene.set.enough()]).toEqual([1000, 1100, false]);
  });
});
