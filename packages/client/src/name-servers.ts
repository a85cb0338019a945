import { splitAddresses, textOf } from '@batonmq/host';
import { ResponseCode, type OutgoingRequest, type RemotingClient, type RemotingCommand } from '@batonmq/remoting';
import { ClientError } from './errors';

/** The name servers of a cluster: any one of them may answer; the one that did is asked again. */
export class NameServers {
  private readonly addresses: readonly string[];
  private preferred = 0;

  /** @param addresses `host:port;host:port` */
  constructor(
    private readonly client: RemotingClient,
    addresses: string,
  ) {
    this.addresses = splitAddresses(addresses);
    if (this.addresses.length === 0)
      throw new ClientError('NO_NAME_SERVER', 'no name server address is given', { hint: 'host:port;host:port' });
  }

  get all(): readonly string[] {
    return this.addresses;
  }

  /** @throws ClientError NO_NAME_SERVER when none answers */
  async ask(request: OutgoingRequest, timeoutMs: number): Promise<RemotingCommand> {
    let problem: unknown;
    for (let tried = 0; tried < this.addresses.length; tried += 1) {
      const index = (this.preferred + tried) % this.addresses.length;
      try {
        const answer = await this.client.invoke(this.addresses[index] as string, request, timeoutMs);
        this.preferred = index;
        return answer;
      } catch (error) {
        problem = error;
      }
    }
    throw new ClientError('NO_NAME_SERVER', `none of ${this.addresses.join(';')} answers: ${textOf(problem)}`, {
      cause: problem,
    });
  }
}

/** @throws ClientError REQUEST_FAILED unless the answer says SUCCESS */
export function succeeded(answer: RemotingCommand, what: string): RemotingCommand {
  if (answer.code === ResponseCode.SUCCESS) return answer;
  throw new ClientError('REQUEST_FAILED', `${what} failed with code ${answer.code}: ${answer.remark ?? ''}`);
}
