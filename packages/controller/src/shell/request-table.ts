import { codeOf, type Clock } from '@batonmq/host';
import { writeJson, type Peer, type RemotingCommand, type RemotingServer, type Response } from '@batonmq/remoting';
import type { Outcome } from '../core/decision';
import type { ControllerCounters } from './counters';

type Handler = (request: RemotingCommand, peer: Peer) => Outcome | Promise<Outcome>;

/** Puts handlers on the server; counts every request under the name its metric has in RocketMQ. */
export class RequestTable {
  constructor(
    private readonly server: Pick<RemotingServer, 'handle'>,
    private readonly clock: Clock,
    private readonly counters: ControllerCounters,
  ) {}

  add(code: number, type: string, handler: Handler): void {
    this.server.handle(code, (request, peer) => {
      const startMs = this.clock.monotonicMs();
      const done = (outcome: Outcome): Response => {
        this.counters.request(type, 'success', this.clock.monotonicMs() - startMs);
        return responseOf(outcome);
      };
      const failed = (error: unknown): never => {
        this.counters.request(type, codeOf(error) === 'TIMEOUT' ? 'timeout' : 'failed', 0);
        throw error;
      };
      try {
        const outcome = handler(request, peer);
        return outcome instanceof Promise ? outcome.then(done, failed) : done(outcome);
      } catch (error) {
        return failed(error);
      }
    });
  }
}

function responseOf({ code, remark, header, body }: Outcome): Response {
  return {
    code,
    ...(remark === undefined ? {} : { remark }),
    ...(header === undefined ? {} : { header }),
    ...(body === undefined ? {} : { body: Buffer.isBuffer(body) ? body : writeJson(body) }),
  };
}
