import { codeOf, textOf } from '@batonmq/host';
import {
  namesrvHeaders,
  RequestCode,
  RequestRefused,
  ResponseCode,
  writeJson,
  type ExtFields,
  type RequestRouter,
  type Response,
} from '@batonmq/remoting';
import { ORDER_TOPIC_CONFIG, type KvConfig } from './kv-config';
import type { RouteCache } from './route-cache';
import type { RuntimeConfig } from './runtime-config';

export interface OperatorRequestParts {
  readonly kv: KvConfig;
  readonly config: RuntimeConfig;
  readonly cache: RouteCache;
}

const OK: Response = { code: ResponseCode.SUCCESS };

/** KV configuration (100 to 102, 219) and the server's own (318, 319). */
export function handleOperatorRequests(router: RequestRouter, { kv, config, cache }: OperatorRequestParts): void {
  router.handle(RequestCode.PUT_KV_CONFIG, ({ extFields }) => {
    const { namespace, key } = namespaceAndKey(extFields);
    kv.put(namespace, key, extFields['value']);
    if (namespace === ORDER_TOPIC_CONFIG) cache.drop(key);
    return OK;
  });
  router.handle(RequestCode.GET_KV_CONFIG, ({ extFields }) => {
    const { namespace, key } = namespaceAndKey(extFields);
    const value = kv.get(namespace, key);
    if (value !== undefined) return { ...OK, header: { value } };
    return { code: ResponseCode.QUERY_NOT_FOUND, remark: `No config item, Namespace: ${namespace} Key: ${key}` };
  });
  router.handle(RequestCode.DELETE_KV_CONFIG, ({ extFields }) => {
    const { namespace, key } = namespaceAndKey(extFields);
    kv.delete(namespace, key);
    if (namespace === ORDER_TOPIC_CONFIG) cache.drop(key);
    return OK;
  });
  router.handle(RequestCode.GET_KVLIST_BY_NAMESPACE, ({ extFields }) => {
    const { namespace } = namesrvHeaders.KvConfigRequest.decode(extFields);
    const table = namespace === undefined ? undefined : kv.namespace(namespace);
    if (table !== undefined) return { ...OK, body: writeJson({ table }) };
    return { code: ResponseCode.QUERY_NOT_FOUND, remark: `No config item, Namespace: ${namespace ?? 'null'}` };
  });
  router.handle(RequestCode.UPDATE_NAMESRV_CONFIG, ({ body }) => {
    if (body === undefined) return OK;
    if (updateConfig(config, body.toString('utf8')) === 'black-listed') {
      return { code: ResponseCode.NO_PERMISSION, remark: 'Can not update config in black list.' };
    }
    cache.clear();
    return OK;
  });
  router.handle(RequestCode.GET_NAMESRV_CONFIG, () => ({ ...OK, body: Buffer.from(config.text(), 'utf8') }));
}

function updateConfig(config: RuntimeConfig, text: string): ReturnType<RuntimeConfig['update']> {
  try {
    return config.update(text);
  } catch (error) {
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `${codeOf(error) ?? 'error'}: ${textOf(error)}`);
  }
}

function namespaceAndKey(fields: ExtFields): { namespace: string; key: string } {
  const { namespace, key } = namesrvHeaders.KvConfigRequest.decode(fields);
  if (namespace === undefined || key === undefined) {
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'namespace or key is null');
  }
  return { namespace, key };
}
