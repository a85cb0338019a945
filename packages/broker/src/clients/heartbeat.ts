import { readJson } from '@batonmq/remoting';

/** SubscriptionData, as far as the broker uses it; `source` is what tools get to see. */
export interface Subscription {
  readonly topic: string;
  readonly subString: string;
  readonly expressionType: string;
  readonly subVersion: number;
  readonly source: unknown;
}

export interface ConsumerData {
  readonly groupName: string;
  readonly consumeType: string;
  readonly messageModel: string;
  readonly consumeFromWhere: string;
  readonly unitMode: boolean;
  readonly subscriptions: readonly Subscription[];
}

export interface HeartbeatData {
  readonly clientId: string;
  readonly heartbeatFingerprint: number;
  readonly producerGroups: readonly string[];
  readonly consumers: readonly ConsumerData[];
}

type Json = Record<string, unknown>;
const list = (value: unknown): Json[] =>
  Array.isArray(value) ? value.filter((item): item is Json => typeof item === 'object' && item !== null) : [];
const string = (value: unknown, absent: string): string => (typeof value === 'string' ? value : absent);
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Reads a HEART_BEAT body; sets may be absent (C++). @throws RemotingError BODY_MALFORMED */
export function readHeartbeat(body: Buffer): HeartbeatData {
  const data = (readJson(body) ?? {}) as Json;
  return {
    clientId: string(data['clientID'], ''),
    heartbeatFingerprint: number(data['heartbeatFingerprint']),
    producerGroups: list(data['producerDataSet'])
      .map((item) => string(item['groupName'], ''))
      .filter((name) => name !== ''),
    consumers: list(data['consumerDataSet']).map(readConsumer),
  };
}

function readConsumer(item: Json): ConsumerData {
  return {
    groupName: string(item['groupName'], ''),
    consumeType: string(item['consumeType'], 'CONSUME_PASSIVELY'),
    messageModel: string(item['messageModel'], 'CLUSTERING'),
    consumeFromWhere: string(item['consumeFromWhere'], 'CONSUME_FROM_LAST_OFFSET'),
    unitMode: item['unitMode'] === true,
    subscriptions: list(item['subscriptionDataSet']).map((subscription) => ({
      topic: string(subscription['topic'], ''),
      subString: string(subscription['subString'], '*'),
      expressionType: string(subscription['expressionType'], 'TAG'),
      subVersion: number(subscription['subVersion']),
      source: subscription,
    })),
  };
}
