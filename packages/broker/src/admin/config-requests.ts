import { formatProperties } from '@batonmq/config';
import { RequestCode, ResponseCode, writeJson, type RequestRouter } from '@batonmq/remoting';
import type { TopicTable } from '../topics/topic-table';

/**
 * GET_BROKER_CONFIG (26). UPDATE_BROKER_CONFIG (25) is answered with 3: nothing here changes while the broker runs.
 * Secrets are left out.
 */
export function routeConfigRequests(
  router: RequestRouter,
  config: Readonly<Record<string, unknown>>,
  topics: TopicTable,
): void {
  router.handle(RequestCode.GET_BROKER_CONFIG, () => {
    const shown = Object.entries(config).filter(
      ([key, value]) => value !== undefined && !/credential|password|secret|InitAuthenticationUser/i.test(key),
    );
    const text = formatProperties(new Map(shown.map(([key, value]) => [key, String(value)])));
    const header = { version: writeJson(topics.dataVersion).toString('utf8') };
    return { code: ResponseCode.SUCCESS, header, body: Buffer.from(text, 'utf8') };
  });
}
