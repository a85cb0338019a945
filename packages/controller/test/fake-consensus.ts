import { BatonError } from '@batonmq/host';
import type { Consensus, ConsensusStatus, ReplicatedState } from '../src';

/** A group of one that a test plays: it leads, fails and forgets as told. */
export class FakeConsensus implements Consensus {
  proposals = 0;
  reads = 0;
  /** What the next proposals end with, before they work again. */
  readonly failures: string[] = [];
  /** Rejects reads with this code. */
  readFailure: string | undefined;
  private current: ConsensusStatus = { role: 'leader', term: 1, leaderId: 'n0', ready: true };
  private readonly listeners = new Set<(status: ConsensusStatus) => void>();

  constructor(private readonly state: ReplicatedState) {}

  become(change: Partial<ConsensusStatus>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener(this.current);
  }

  async propose(data: Buffer): Promise<Buffer> {
    this.proposals += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) throw new BatonError(failure, `told to fail with ${failure}`);
    return this.state.apply(data, this.proposals);
  }

  async readIndex(): Promise<void> {
    this.reads += 1;
    if (this.readFailure !== undefined) throw new BatonError(this.readFailure, 'told to fail');
  }

  status(): ConsensusStatus {
    return this.current;
  }

  onRoleChange(listener: (status: ConsensusStatus) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async start(): Promise<void> {
    this.become({});
  }

  async stop(): Promise<void> {}
}
