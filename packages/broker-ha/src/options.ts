/** RocketMQ's keys that concern HA and the broker's role. Times in ms, sizes in bytes. */
export interface HaOptions {
  /** A send is acknowledged when all of the SyncStateSet has it. */
  readonly allAckInSyncStateSet: boolean;
  /** Replicas, master included, that must have a send when `allAckInSyncStateSet` is off. */
  readonly inSyncReplicas: number;
  /** Smallest SyncStateSet that accepts sends. */
  readonly minInSyncReplicas: number;
  /** Port for slaves; 0 takes a free one (see `ReplicationService.haPort`). */
  readonly haListenPort: number;
  readonly haTransferBatchSize: number;
  readonly haSendHeartbeatInterval: number;
  readonly haHousekeepingInterval: number;
  readonly haMaxTimeSlaveNotCatchup: number;
  /** How long a send waits for replicas. */
  readonly slaveTimeout: number;
  readonly syncFromLastFile: boolean;
  readonly asyncLearner: boolean;
  readonly checkSyncStateSetPeriod: number;
  readonly syncBrokerMetadataPeriod: number;
  readonly syncControllerMetadataPeriod: number;
  readonly brokerHeartbeatInterval: number;
  readonly controllerHeartBeatTimeoutMills: number;
  readonly brokerElectionPriority: number;
  /** `;` separated. */
  readonly controllerAddr: string;
  readonly brokerClusterName: string;
  readonly brokerName: string;
  /** `ip:port` that clients, controllers and slaves reach this broker at. */
  readonly brokerAddr: string;
  /** `ip:port` told to slaves (brokerIP2:haListenPort). */
  readonly haServerAddr: string;
  readonly storePathEpochFile: string;
  readonly storePathBrokerIdentity: string;
  /** Ours: the operator's word that this replica may throw away messages below its confirm offset. Default false. */
  readonly haTruncateBelowConfirm?: boolean;
  /** Ours: a member whose acks stand still this long leaves the set where the rest suffices. Default 2500 ms. */
  readonly haStalledSlaveMs?: number;
}

/** What the broker does when its role changes. Calls never overlap. A call that fails is repeated. */
export interface RoleListener {
  /** HA is ready (tail cut, epoch entry durable, queues dispatched): enable writes and services, register as broker id 0. */
  becomeMaster(epoch: number): Promise<void>;
  /**
   * Called first when leaving the master role: refuse writes from here. Also called for a new epoch of the same master.
   * `masterId` -1 and an empty address: nobody is master at the moment.
   */
  becomeSlave(masterId: number, masterAddress: string, epoch: number): Promise<void>;
  /** A set was adopted from the controller; only called on the master. */
  syncStateSetChanged?(ids: readonly number[], epoch: number): void;
}
