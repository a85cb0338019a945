import type { ControllerPeers, Peer } from '@batonmq/config';
import { textOf, type Cancel, type Host } from '@batonmq/host';
import {
  ResponseCode,
  controllerHeaders as headers,
  RequestCode,
  type ExtFields,
  type RemotingClient,
} from '@batonmq/remoting';
import { leadsReady, type ConsensusStatus } from '../consensus';
import type { Outcome } from '../core/decision';

/** Who belongs to the Raft group, and the ways to change it; RaftNode of @batonmq/raft fits. */
export interface RaftMembership {
  status(): ConsensusStatus & {
    readonly configuration: { readonly voters: readonly string[] };
    readonly isFounding: boolean;
    readonly followers: readonly { readonly id: string; readonly matchIndex: number }[];
  };
  removeMember(id: string): Promise<void>;
  addLearner(member: { id: string; address: string }): Promise<void>;
  addVoter(member: { id: string; address: string }, timeoutMs?: number): Promise<void>;
}

export interface ReadmissionParts {
  readonly group: ControllerPeers;
  readonly membership: RaftMembership;
  readonly client: RemotingClient;
  /** Where Raft of a peer listens. */
  readonly raftAddressOf: (peer: Peer) => string;
  /** Nothing is stored yet: a first start, or the disk was lost. */
  readonly isBlank: () => boolean;
  /** File that stands while this controller is on its way back into the group. */
  readonly notePath: string;
}

type Verdict = 'in' | 'founder' | 'later';

/** Ours; RocketMQ has no such request. Header: group, id, blank. */
export const READMIT_CONTROLLER = 30_001;

const ASK_TIMEOUT_MS = 1000;
/** A change of members waits for a majority. */
const CHANGE_TIMEOUT_MS = 11_000;
const RETRY_MS = 500;
const BEGIN_RETRY_MS = 50;
/** Peers that start together need no word about it. */
const PATIENT_TRIES = 100;
const CATCH_UP_MS = 60_000;
/** Different words to the operator. */
const MAX_SAID = 100;
/** A log that is catching up may pass through times in which this controller had a vote. */
const SETTLED_AFTER = 10;

/**
 * A controller without a store, in a group that has a history, may have forgotten votes and entries that the group counts
 * on. As the member it was it could break what was agreed, so it must not take part as such: it has the leader remove it,
 * is added as a learner, catches up, and gets its vote back. A group begins when a majority has no history, and nobody who
 * answers has one.
 */
export class Readmission {
  private cancel: Cancel = () => {};
  private stopped = false;
  private joining = false;
  private readonly said = new Set<string>();
  /** On the leader: who is on its way back. */
  private readonly returning = new Set<string>();

  constructor(
    private readonly host: Pick<Host, 'timers' | 'files' | 'log'>,
    private readonly parts: ReadmissionParts,
  ) {}

  /** Whether this node has to be let in by the group it belonged to: then it starts Raft as no member yet. */
  get isOutside(): boolean {
    return this.joining;
  }

  /** Whether `clear` has to be awaited before Raft is started. */
  get isDue(): boolean {
    const { isBlank, notePath, group } = this.parts;
    this.joining = this.host.files.stat(notePath) !== undefined;
    return this.joining || (isBlank() && group.peers.length > 1);
  }

  /**
   * Resolves when Raft may be started: a majority begins a group together, or a leader has taken this node out of its group
   * and in again (for this process or an earlier one).
   */
  async clear(): Promise<void> {
    if (!this.joining && (await this.isBeginning())) return;
    if (!this.joining) {
      this.joining = true;
      this.host.files.replace(this.parts.notePath, 'this controller is on its way back into its group\n');
    }
    if (!this.parts.isBlank()) return;
    for (let answer: Verdict; !this.stopped; await this.pause(RETRY_MS)) {
      answer = await this.ask(true);
      if (answer === 'founder') return this.settle();
      this.say('the store of this controller is empty, but its group has a history: a leader has to let it in');
      if (answer === 'in') return;
    }
  }

  /** Alone nobody begins a group: the peers that do not answer may have a history. */
  private async isBeginning(): Promise<boolean> {
    const majority = Math.floor(this.parts.group.peers.length / 2) + 1;
    for (let tries = 0; !this.stopped; tries++) {
      const answers = (await this.askAll()).filter((answer) => answer !== undefined);
      if (answers.some(({ lastIndex = 0 }) => lastIndex > 0)) return false;
      if (answers.length + 1 >= majority) return true;
      if (tries === PATIENT_TRIES)
        this.say('this controller has no store yet and waits for its peers to begin a group');
      await this.pause(BEGIN_RETRY_MS);
    }
    return true;
  }

  /** After Raft was started: who is configured as a peer and has no vote asks for it. */
  watchVote(): void {
    if (this.stopped) return;
    let looks = 0;
    this.cancel = this.host.timers.every(RETRY_MS, () => {
      const { voters } = this.parts.membership.status().configuration;
      if (!voters.includes(this.parts.group.selfId)) {
        looks = 0;
        void this.ask(false);
      } else if (this.joining && ++looks > SETTLED_AFTER) {
        this.settle();
        this.host.log.info({ id: this.parts.group.selfId }, 'this controller has its vote again');
      }
    });
  }

  private settle(): void {
    this.joining = false;
    this.host.files.remove(this.parts.notePath);
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  /** On the leader. */
  async readmit(extFields: ExtFields): Promise<Outcome> {
    const { id = '', blank, group: theirGroup } = extFields;
    const { group, membership, raftAddressOf } = this.parts;
    if (!leadsReady(membership.status())) {
      return { code: ResponseCode.CONTROLLER_NOT_LEADER, remark: 'The controller is not in leader state' };
    }
    if (theirGroup !== undefined && theirGroup !== group.group)
      return this.refused(`${id} is of group ${theirGroup}, not ${group.group}`);
    const peer = group.peers.find((one) => one.id === id);
    if (peer === undefined || id === group.selfId)
      return this.refused(`${id} is not among the controllerDLegerPeers of ${group.selfId}`);
    if (this.returning.has(id)) return { code: ResponseCode.SUCCESS };
    if (blank === 'true' && this.neverTookPart(id))
      return { code: ResponseCode.SUCCESS, header: { asFounder: 'true' } };
    const member = { id, address: raftAddressOf(peer) };
    this.returning.add(id);
    try {
      if (blank === 'true') {
        this.host.log.warn({ id }, 'a controller lost its store: it leaves the group and comes back as a learner');
        await membership.removeMember(id);
        await membership.addLearner(member);
      }
    } catch (error) {
      this.returning.delete(id);
      throw error;
    }
    void this.giveVote(member);
    return { code: ResponseCode.SUCCESS };
  }

  private refused(because: string): Outcome {
    this.say(`refused a controller: ${because}`);
    return { code: ResponseCode.CONTROLLER_INVALID_REQUEST, remark: because };
  }

  /** Nobody else ever led this group, and this leader has never had anything acknowledged by it: it is only late. */
  private neverTookPart(id: string): boolean {
    const { isFounding, followers } = this.parts.membership.status();
    return isFounding && followers.find((follower) => follower.id === id)?.matchIndex === 0;
  }

  private async giveVote(member: { id: string; address: string }): Promise<void> {
    try {
      await this.parts.membership.addVoter(member, CATCH_UP_MS);
    } catch (error) {
      this.host.log.warn({ id: member.id, error: textOf(error) }, 'a controller has not got its vote back yet');
    } finally {
      this.returning.delete(member.id);
    }
  }

  private askAll() {
    return Promise.all(this.others().map((address) => this.metadataOf(address)));
  }

  private others(): string[] {
    const { peers, selfId } = this.parts.group;
    return peers.filter(({ id }) => id !== selfId).map(({ address }) => address);
  }

  private async metadataOf(address: string) {
    try {
      const request = { code: RequestCode.CONTROLLER_GET_METADATA_INFO };
      const { extFields } = await this.parts.client.invoke(address, request, ASK_TIMEOUT_MS);
      const answer = headers.GetMetaDataResponse.decode(extFields);
      const { group: own } = this.parts.group;
      if (answer.group === undefined || answer.group === own) return answer;
      this.say(`the controller at ${address} is of group ${answer.group}, not ${own}: it does not count`);
      return undefined;
    } catch {
      return undefined;
    }
  }

  /** `in`: a leader has let this controller in; `founder`: it may start as the founder that it is. */
  private async ask(blank: boolean): Promise<Verdict> {
    const answers = await this.askAll();
    const leader = answers.find((answer) => answer?.controllerLeaderAddress)?.controllerLeaderAddress;
    if (leader === undefined) return 'later';
    try {
      const { group, selfId } = this.parts.group;
      const header = { group, id: selfId, blank: String(blank) };
      const answer = await this.parts.client.invoke(leader, { code: READMIT_CONTROLLER, header }, CHANGE_TIMEOUT_MS);
      if (answer.code === ResponseCode.CONTROLLER_INVALID_REQUEST)
        this.say(`the leader at ${leader} does not let this controller in: ${answer.remark}`);
      if (answer.code !== ResponseCode.SUCCESS) return 'later';
      return answer.extFields['asFounder'] === 'true' ? 'founder' : 'in';
    } catch {
      return 'later';
    }
  }

  /** Once. */
  private say(text: string): void {
    if (this.said.has(text) || this.said.size >= MAX_SAID) return;
    this.said.add(text);
    this.host.log.warn({ id: this.parts.group.selfId }, text);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.host.timers.after(ms, resolve));
  }
}
