import type { LiveView } from './live-view';

/** A master asks for another SyncStateSet (1001). */
export interface AlterSyncStateSetCommand {
  readonly kind: 'alterSyncStateSet';
  readonly brokerName: string;
  readonly masterBrokerId: number;
  readonly masterEpoch: number;
  readonly syncStateSet: readonly number[];
  /** The epoch on which the wish is based. */
  readonly syncStateSetEpoch: number;
  readonly live: LiveView;
}

/** Somebody asks for an election (1002). */
export interface ElectMasterCommand {
  readonly kind: 'electMaster';
  readonly brokerName: string;
  /** -1: whoever is best. */
  readonly brokerId: number;
  /** Elect exactly `brokerId`, or nobody. */
  readonly designateElect: boolean;
  /** enableElectUncleanMaster of the proposing controller: configuration is not replicated, so it is part of the input. */
  readonly unclean: boolean;
  /** Only while this is the epoch: a late or second election for the same death does nothing. */
  readonly ifMasterEpoch?: number | undefined;
  /** Elect another than the present master, which lives and has not confirmed its office, or nobody. */
  readonly passOver?: boolean | undefined;
  readonly live: LiveView;
}

/** A broker that starts says where it can be reached now (1003). */
export interface RegisterBrokerCommand {
  readonly kind: 'registerBroker';
  readonly clusterName?: string | undefined;
  readonly brokerName: string;
  readonly brokerId: number;
  readonly brokerAddress: string;
  readonly confirmsMastership?: boolean | undefined;
  /** Its machine lost power since it acknowledged what it had not synced. */
  readonly unsyncedTailLost?: boolean | undefined;
  readonly live: LiveView;
}

/** A new broker asks for an id (1013). */
export interface ApplyBrokerIdCommand {
  readonly kind: 'applyBrokerId';
  readonly clusterName: string;
  readonly brokerName: string;
  readonly appliedBrokerId: number;
  readonly registerCheckCode: string;
}

/** An operator removes brokers (1011). */
export interface CleanBrokerDataCommand {
  readonly kind: 'cleanBrokerData';
  readonly brokerName: string;
  /** As on the wire: ids joined with `;`, or nothing. */
  readonly brokerIds: string | undefined;
  readonly cleanLivingBroker: boolean;
  readonly live: LiveView;
}

/** A request as it is replicated: every replica decides it from the state that all accepted requests before it left. */
export type Command =
  AlterSyncStateSetCommand | ElectMasterCommand | RegisterBrokerCommand | ApplyBrokerIdCommand | CleanBrokerDataCommand;

/** Of the form of commands. A replica that meets a later one refuses it instead of guessing. */
const VERSION = 1;

export function encodeCommand(command: Command): Buffer {
  return Buffer.from(JSON.stringify({ v: VERSION, ...command }), 'utf8');
}

/** @returns undefined when the bytes are no command of this version */
export function decodeCommand(data: Buffer): Command | undefined {
  try {
    const { v, ...command } = JSON.parse(data.toString('utf8')) as { v: number } & Command;
    return v === VERSION ? (command as Command) : undefined;
  } catch {
    return undefined;
  }
}
