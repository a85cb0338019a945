import { type StoreConfig } from './schemas';

/** Absolute paths of what a broker keeps. */
export interface StorePaths {
  readonly root: string;
  /** Directory of the commit log: the first, when storePathCommitLog names several. */
  readonly commitLog: string;
  readonly commitLogs: readonly string[];
  readonly consumeQueue: string;
  readonly consumeQueueExt: string;
  readonly batchConsumeQueue: string;
  readonly index: string;
  readonly checkpoint: string;
  readonly abort: string;
  readonly lock: string;
  readonly config: string;
  readonly timerWheel: string;
  readonly timerLog: string;
  readonly compaction: string;
  readonly epochFile: string;
  readonly brokerIdentity: string;
}

/** Where RocketMQ has each file, given the root and the few paths that have keys of their own. @source StorePathConfigHelper */
export function storePaths(
  config: Pick<
    StoreConfig,
    'storePathRootDir' | 'storePathCommitLog' | 'storePathEpochFile' | 'storePathBrokerIdentity'
  >,
): StorePaths {
  const root = config.storePathRootDir === '/' ? '' : config.storePathRootDir.replace(/\/+$/, '');
  const named = (config.storePathCommitLog ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
  const commitLogs = named.length === 0 ? [`${root}/commitlog`] : named;
  return {
    root: root === '' ? '/' : root,
    commitLog: commitLogs[0] as string,
    commitLogs,
    consumeQueue: `${root}/consumequeue`,
    consumeQueueExt: `${root}/consumequeue_ext`,
    batchConsumeQueue: `${root}/batchconsumequeue`,
    index: `${root}/index`,
    checkpoint: `${root}/checkpoint`,
    abort: `${root}/abort`,
    lock: `${root}/lock`,
    config: `${root}/config`,
    timerWheel: `${root}/timerwheel`,
    timerLog: `${root}/timerlog`,
    compaction: `${root}/compaction`,
    epochFile: config.storePathEpochFile ?? `${root}/epochFileCheckpoint`,
    brokerIdentity: config.storePathBrokerIdentity ?? `${root}/brokerIdentity`,
  };
}

/** Directory of the controller's Raft log; its default depends on controllerType, as in RocketMQ. @source ControllerConfig */
export function controllerStorePath(
  config: { readonly controllerStorePath: string | undefined; readonly controllerType: string },
  homeDir: string,
): string {
  return config.controllerStorePath ?? `${homeDir}/${config.controllerType}Controller`;
}
