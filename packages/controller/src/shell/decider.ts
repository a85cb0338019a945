import { codeOf } from '@batonmq/host';
import { ResponseCode } from '@batonmq/remoting';
import { leadsReady, type Consensus } from '../consensus';
import { encodeCommand, type Command } from '../core/command';
import type { Outcome } from '../core/decision';
import { decodeOutcome, type ControllerStateMachine } from '../core/state-machine';

/** How long a request waits for the group (controller.md 2.3). */
const PATIENCE_MS = 5000;

const notLeader: Outcome = {
  code: ResponseCode.CONTROLLER_NOT_LEADER,
  remark: 'The controller is not in leader state',
};

/** Gets requests decided by the group. What changes nothing costs no log entry, but is as fresh as what does. */
export class Decider {
  constructor(
    private readonly machine: ControllerStateMachine,
    private readonly consensus: Consensus,
  ) {}

  get leads(): boolean {
    return leadsReady(this.consensus.status());
  }

  /**
   * Decides a command and replicates it if it changes anything. Never stale: a refusal is only given after the group has
   * confirmed this leader (the reference answers from memory, 15.8).
   * @throws RaftError TIMEOUT, STOPPED: it is not known whether the command happened
   */
  async decide(command: Command): Promise<Outcome> {
    return this.asLeader(async () => {
      if (this.machine.decide(command).events.length === 0) {
        await this.consensus.readIndex(PATIENCE_MS);
        const { events, outcome } = this.machine.decide(command);
        if (events.length === 0) return outcome;
      }
      return decodeOutcome(await this.consensus.propose(encodeCommand(command), PATIENCE_MS));
    });
  }

  /** Answers from a state that holds everything accepted before the call. */
  async read(query: () => Outcome): Promise<Outcome> {
    return this.asLeader(async () => {
      await this.consensus.readIndex(PATIENCE_MS);
      return query();
    });
  }

  private async asLeader(work: () => Promise<Outcome>): Promise<Outcome> {
    if (!this.leads) return notLeader;
    try {
      return await work();
    } catch (error) {
      // Neither happened, nor will: the asker may go to the next leader at once.
      if (codeOf(error) === 'NOT_LEADER' || codeOf(error) === 'DROPPED') return notLeader;
      throw error;
    }
  }
}
