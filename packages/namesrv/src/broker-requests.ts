import type { Host } from '@batonmq/host';
import {
  namesrvHeaders,
  controllerHeaders,
  readJson,
  RequestCode,
  RequestRefused,
  ResponseCode,
  writeJson,
  type Peer,
  type RemotingCommand,
  type RequestRouter,
  type Response,
} from '@batonmq/remoting';
import { readDataVersion, sameVersion } from './data-version';
import { ORDER_TOPIC_CONFIG, type KvConfig } from './kv-config';
import { readRegistrationBody, readTopic } from './registration-body';
import type { Registration, TopicTableRegistration } from './registration';
import type { RouteTable } from './route-table';
import type { RuntimeConfig } from './runtime-config';

export interface BrokerRequestParts {
  readonly host: Pick<Host, 'clock' | 'checksums' | 'compression' | 'log'>;
  readonly table: RouteTable;
  readonly kv: KvConfig;
  readonly config: RuntimeConfig;
}

const OK: Response = { code: ResponseCode.SUCCESS };

/** What brokers send about themselves, and what operators send about brokers and topics. */
export function handleBrokerRequests(router: RequestRouter, parts: BrokerRequestParts): void {
  const { host, table } = parts;
  router.handle(RequestCode.REGISTER_BROKER, (request, peer) => registerBroker(parts, request, peer));
  router.handle(RequestCode.UNREGISTER_BROKER, (request) => {
    const who = namesrvHeaders.UnregisterBrokerRequest.decode(request.extFields);
    const known = table.unregister(who);
    host.log.info({ ...who, known }, 'broker unregistered');
    return OK;
  });
  router.handle(RequestCode.QUERY_DATA_VERSION, (request, peer) => queryDataVersion(parts, request, peer));
  router.handle(RequestCode.BROKER_HEARTBEAT, (request, peer) => {
    const { clusterName, brokerAddr } = controllerHeaders.BrokerHeartbeatRequest.decode(request.extFields);
    table.heard(clusterName, brokerAddr, peer.id, host.clock.monotonicMs());
    return OK;
  });
  router.handle(RequestCode.WIPE_WRITE_PERM_OF_BROKER, (request) => {
    const { brokerName } = namesrvHeaders.BrokerNameRequest.decode(request.extFields);
    const wipeTopicCount = String(table.setWritable(brokerName, false));
    host.log.info({ brokerName, wipeTopicCount }, 'write permission taken');
    return { ...OK, header: { wipeTopicCount } };
  });
  router.handle(RequestCode.ADD_WRITE_PERM_OF_BROKER, (request) => {
    const { brokerName } = namesrvHeaders.BrokerNameRequest.decode(request.extFields);
    const addTopicCount = String(table.setWritable(brokerName, true));
    host.log.info({ brokerName, addTopicCount }, 'write permission given');
    return { ...OK, header: { addTopicCount } };
  });
  router.handle(RequestCode.DELETE_TOPIC_IN_NAMESRV, (request) => {
    const { topic, clusterName } = namesrvHeaders.TopicRequest.decode(request.extFields);
    table.deleteTopic(topic, clusterName === '' ? undefined : clusterName);
    host.log.info({ topic, clusterName }, 'topic deleted');
    return OK;
  });
  router.handle(RequestCode.REGISTER_TOPIC_IN_NAMESRV, (request) => {
    const { topic } = namesrvHeaders.TopicRequest.decode(request.extFields);
    table.registerTopic(topic, request.body === undefined ? [] : readQueueDatas(topic, request.body));
    return OK;
  });
}

function registerBroker(parts: BrokerRequestParts, request: RemotingCommand, peer: Peer): Response {
  const { host, table, config } = parts;
  const registration = readRegistration(parts, request);
  const { brokerName, brokerId, brokerAddr, clusterName } = registration;
  const holder = table.group(brokerName)?.members.get(brokerId)?.address;
  const result = table.register(registration, peer.id, host.clock.monotonicMs(), {
    deleteUnnamedTopics: config.values.deleteTopicWithBrokerRegistration,
  });
  switch (result.outcome) {
    case 'single-topic':
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'register broker failed' };
    case 'outdated':
      host.log.warn(
        { clusterName, brokerName, brokerId, brokerAddr, holder, epoch: registration.table.version.stateVersion },
        'registration ignored: another broker has this id under a higher epoch',
      );
      return OK;
    case 'registered': {
      if (holder !== brokerAddr) {
        const { topics } = registration.table;
        host.log.info(
          { clusterName, brokerName, brokerId, brokerAddr, before: holder, topics: topics.length },
          'broker registered',
        );
      }
      return registrationAnswer(parts, result.master);
    }
    default:
      return result satisfies never;
  }
}

function registrationAnswer(
  { kv, config }: BrokerRequestParts,
  master: { readonly haAddress: string; readonly address: string } | undefined,
): Response {
  const orderConfig = config.values.returnOrderTopicConfigToBroker ? kv.namespace(ORDER_TOPIC_CONFIG) : undefined;
  return {
    code: ResponseCode.SUCCESS,
    header: namesrvHeaders.RegisterBrokerResponse.encode({
      haServerAddr: master?.haAddress,
      masterAddr: master?.address,
    }),
    ...(orderConfig === undefined ? {} : { body: writeJson({ table: orderConfig }) }),
  };
}

function readRegistration({ host }: BrokerRequestParts, request: RemotingCommand): Registration {
  const fields = namesrvHeaders.RegisterBrokerRequest.decode(request.extFields);
  checkBody(host, request.body, fields.bodyCrc32 ?? 0);
  const form = { compressed: fields.compressed, version: request.version, wallMs: host.clock.wallMs() };
  const table: TopicTableRegistration = readRegistrationBody(request.body, form, host.compression);
  return {
    clusterName: fields.clusterName,
    brokerName: fields.brokerName,
    brokerAddr: fields.brokerAddr,
    brokerId: fields.brokerId,
    haServerAddr: fields.haServerAddr ?? '',
    heartbeatTimeoutMs: fields.heartbeatTimeoutMillis,
    enableActingMaster: fields.enableActingMaster,
    zoneName: request.extFields['__ZONE_NAME'],
    table,
  };
}

/** 0 means unchecked, also for a body whose checksum it is. */
function checkBody({ checksums }: Pick<Host, 'checksums'>, body: Buffer | undefined, expected: number): void {
  if (expected === 0) return;
  const found = body === undefined ? 0 : checksums.crc32(body) & 0x7fffffff;
  if (found !== expected) throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'crc32 not match');
}

function queryDataVersion({ host, table }: BrokerRequestParts, request: RemotingCommand, peer: Peer): Response {
  const { clusterName, brokerAddr } = namesrvHeaders.QueryDataVersionRequest.decode(request.extFields);
  const known = table.heard(clusterName ?? '', brokerAddr, peer.id, host.clock.monotonicMs());
  const asked = request.body === undefined ? undefined : readDataVersion(readJson(request.body), host.clock.wallMs());
  const changed = known === undefined || asked === undefined || !sameVersion(known, asked);
  return {
    code: ResponseCode.SUCCESS,
    header: { changed: String(changed) },
    ...(known === undefined ? {} : { body: writeJson(known) }),
  };
}

function readQueueDatas(topic: string, body: Buffer): Parameters<RouteTable['registerTopic']>[1] {
  const { queueDatas } = readJson(body) as { queueDatas?: unknown };
  if (!Array.isArray(queueDatas)) return [];
  return queueDatas
    .filter((item): item is Record<string, unknown> => item !== null && typeof item === 'object')
    .map((item) => ({ brokerName: String(item['brokerName']), queue: readTopic(topic, item) }));
}
