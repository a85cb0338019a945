import type { DataVersion } from './data-version';

/** What a broker says about itself in REGISTER_BROKER (103). */
export interface Registration {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly brokerAddr: string;
  /** 0: master. */
  readonly brokerId: number;
  readonly haServerAddr: string;
  /** How long the broker may be silent; undefined: {@link DEFAULT_BROKER_TIMEOUT_MS}. */
  readonly heartbeatTimeoutMs?: number | undefined;
  /** Undefined: a broker of the 4.x kind, whose slaves never speak for the group's topics. */
  readonly enableActingMaster?: boolean | undefined;
  readonly zoneName?: string | undefined;
  readonly table: TopicTableRegistration;
}

/** The body of a registration. */
export interface TopicTableRegistration {
  readonly version: DataVersion;
  readonly topics: readonly TopicRegistration[];
  readonly mappings: readonly TopicMapping[];
  /** Undefined keeps those known, empty removes them. */
  readonly filterServers: readonly string[] | undefined;
}

export interface TopicRegistration {
  readonly topic: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  /** Bits: 4 read, 2 write, 1 inherit. */
  readonly perm: number;
  /** Undefined when the form of the registration does not carry it: the known flag stays. */
  readonly topicSysFlag: number | undefined;
}

/** Queues of a static topic; the content is passed on to clients as it came. */
export interface TopicMapping {
  readonly topic: string;
  readonly brokerName: string;
  readonly info: unknown;
}

/** @source RouteInfoManager.DEFAULT_BROKER_CHANNEL_EXPIRED_TIME */
export const DEFAULT_BROKER_TIMEOUT_MS = 120_000;

export const MASTER_ID = 0;
export const PERM_READ = 4;
export const PERM_WRITE = 2;
