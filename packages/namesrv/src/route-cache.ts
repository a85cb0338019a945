import { ResponseCode, type Response } from '@batonmq/remoting';

/**
 * Encoded route answers, made when first asked for and dropped when the topic's route changes. Holds existing topics
 * only, so the route table bounds it.
 */
export class RouteCache {
  private readonly answers = new Map<string, Response>();

  /** @param encode the body, undefined when there is no such topic */
  get(topic: string, encode: (topic: string) => Buffer | undefined): Response | undefined {
    const cached = this.answers.get(topic);
    if (cached !== undefined) return cached;
    const body = encode(topic);
    if (body === undefined) return undefined;
    const answer = { code: ResponseCode.SUCCESS, body };
    this.answers.set(topic, answer);
    return answer;
  }

  drop(topic: string): void {
    this.answers.delete(topic);
  }

  clear(): void {
    this.answers.clear();
  }
}
