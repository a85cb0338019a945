import type { RemotingCommand, Response } from './command';
import type { Peer } from './peer';
import { ResponseCode } from './response-code';

/**
 * Answers a request at once, later (a promise), through `peer.respond` on its own (undefined), or never (one-way).
 * What it throws is answered with code 1, or with the code of a RequestRefused.
 */
export type RequestHandler = (
  request: RemotingCommand,
  peer: Peer,
) => Response | undefined | Promise<Response | undefined>;

/** Which handler a request code has. Several servers (a broker's main and fast port) may share one. */
export class RequestRouter {
  private readonly handlers = new Map<number, RequestHandler>();
  private fallback: RequestHandler = (request) => ({
    code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
    remark: ` request type ${request.code} not supported`,
  });

  handle(code: number, handler: RequestHandler): void {
    this.handlers.set(code, handler);
  }

  /** For all codes without a handler of their own. */
  handleRest(handler: RequestHandler): void {
    this.fallback = handler;
  }

  dispatch(request: RemotingCommand, peer: Peer, fail: (request: RemotingCommand, error: unknown) => void): void {
    const handler = this.handlers.get(request.code) ?? this.fallback;
    let answer: ReturnType<RequestHandler>;
    try {
      answer = handler(request, peer);
    } catch (error) {
      fail(request, error);
      return;
    }
    if (answer === undefined) return;
    if (!(answer instanceof Promise)) {
      peer.respond(request, answer);
      return;
    }
    answer.then(
      (response) => response && peer.respond(request, response),
      (error: unknown) => fail(request, error),
    );
  }
}
