import { textOf, type Cancel, type Host, type Lifecycle } from '@batonmq/host';
import {
  controllerHeaders,
  RequestCode,
  ResponseCode,
  type RemotingClient,
  type RemotingCommand,
  type Response,
} from '@batonmq/remoting';
import { ControllerSession } from './controller/controller-session';
import { wordOf } from './controller/requests';
import type { ReplicatedCallback, ReplicationOutcome } from './core/replication-waiters';
import { EpochFile } from './epochs/epoch-file';
import type { HaOptions, RoleListener } from './options';
import type { ReplicaLog } from './replica-log';
import { HaClient } from './replication/ha-client';
import { HaServer } from './replication/ha-server';
import { epochCacheBody, runtimeInfoBody } from './reports';
import { Fitness } from './role/fitness';
import { Mastership, type Acceptance } from './role/mastership';
import { RoleChanger } from './role/role-changer';

type HaHost = Pick<Host, 'clock' | 'timers' | 'random' | 'files' | 'network' | 'checksums' | 'log'>;
type HaRemoting = Pick<RemotingClient, 'invoke' | 'oneway' | 'closeAddress' | 'onConnectionLost'>;

export interface ReplicationState {
  /** As taken over: `master` means sends are accepted. */
  readonly role: 'master' | 'slave' | 'none';
  /** Controller's id of this broker; -1 before the first registration. */
  readonly brokerControllerId: number;
  readonly masterEpoch: number;
  readonly masterAddress: string;
  /** -1: nobody. */
  readonly masterBrokerId: number;
  /** On the master: the set last adopted. */
  readonly syncStateSet: readonly number[];
  readonly syncStateSetEpoch: number;
  readonly confirmOffset: number;
  readonly maxOffset: number;
  /** On a slave: data flow. */
  readonly transferring: boolean;
  readonly controllerLeader: string | undefined;
  /** Sends that wait for replicas. */
  readonly waiting: number;
}

const FIND_HA_ADDRESS_MS = 1000;
const PRUNE_EPOCHS_MS = 10_000;

/** Everything that makes a broker a member of its replica group: its role, its part of the log's journey, its acks. */
export class ReplicationService implements Lifecycle {
  private readonly epochs: EpochFile;
  private readonly mastership: Mastership;
  private readonly server: HaServer;
  private readonly client: HaClient;
  private readonly session: ControllerSession;
  private readonly roles: RoleChanger;
  private readonly fitness: Fitness;
  private readonly cancels: Cancel[] = [];
  private stopped = false;

  constructor(
    private readonly host: HaHost,
    private readonly options: HaOptions,
    private readonly log: ReplicaLog,
    private readonly remoting: HaRemoting,
    listener: RoleListener,
  ) {
    this.epochs = new EpochFile(host, options.storePathEpochFile);
    this.mastership = new Mastership(host, options, log, {
      propose: (proposal) => this.session.propose(proposal),
      readTruth: () => this.session.readSoon(),
      lastContactMs: () => this.session.lastContactMs,
      setAdopted: (ids, setEpoch) => listener.syncStateSetChanged?.(ids, setEpoch),
      news: () => this.server.news(),
    });
    this.server = new HaServer(host, options, log, this.epochs, this.mastership);
    this.client = new HaClient(host, options, log, this.epochs, () => this.session.brokerId, {
      askHaAddress: (address) => this.askHaAddress(address),
      onLost: () => this.session.readSoon(),
    });
    this.session = this.makeSession();
    this.roles = new RoleChanger(host, {
      log,
      epochs: this.epochs,
      server: this.server,
      client: this.client,
      mastership: this.mastership,
      listener,
      elect: () => this.session.elect(),
      confirm: () => this.session.confirm(),
      changed: () => this.session.heartbeat(),
    });
    this.fitness = new Fitness(host, {
      failure: () => log.failure?.(),
      isReplaceable: () => !this.mastership.held || this.mastership.set.ids.length > 1,
      stepBack: () => this.session.stepBack(),
      comeBack: () => this.session.comeBack(),
    });
  }

  /** Listens, and begins to look for a role in the background. @throws HostError ADDRESS_IN_USE */
  async start(): Promise<void> {
    this.epochs.load();
    this.epochs.truncateSuffix(this.log.maxOffset());
    await this.server.start();
    this.cancels.push(
      this.log.onAppended((written) => this.onAppended(written)),
      this.host.timers.every(PRUNE_EPOCHS_MS, () => this.epochs.truncatePrefix(this.log.minOffset() - 1)),
    );
    this.session.start();
    this.fitness.start();
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    for (const cancel of this.cancels) cancel();
    this.fitness.stop();
    this.session.stop();
    this.roles.stop();
    this.client.detach();
    await this.server.stop();
    await this.client.quiet();
  }

  /** Port of the HA server. */
  get haPort(): number {
    return this.server.port;
  }

  state(): ReplicationState {
    const { own } = this.roles;
    const { set } = this.mastership;
    const master = own.role === 'master';
    return {
      role: own.role,
      brokerControllerId: this.session.brokerId,
      masterEpoch: own.epoch,
      masterAddress: own.masterAddress,
      masterBrokerId: own.masterId ?? -1,
      syncStateSet: master ? set.ids : [],
      syncStateSetEpoch: master ? set.epoch : 0,
      confirmOffset: this.log.confirmOffset(),
      maxOffset: this.log.maxOffset(),
      transferring: this.client.transferring,
      controllerLeader: this.session.leader,
      waiting: this.mastership.waiting,
    };
  }

  /** To be asked before a send is appended. */
  canAccept(): Acceptance {
    return this.mastership.canAccept();
  }

  /** Resolves when the ack rule holds for the log up to `endOffset`, after `slaveTimeout`, or when the office is lost. */
  whenReplicated(endOffset: number): Promise<ReplicationOutcome> {
    return this.mastership.whenReplicated(endOffset);
  }

  /** The same for the hot path: no promise. May call back before it returns. */
  onReplicated(endOffset: number, callback: ReplicatedCallback): void {
    this.mastership.onReplicated(endOffset, callback);
  }

  /** The master's HA address as a name server knows it; used when the master does not tell it itself. */
  setHaAddress(address: string): void {
    this.client.setHaAddress(address);
  }

  /** Request 1008. A missed one only costs time: everybody asks as well. */
  handleRoleChanged(request: RemotingCommand): Response {
    const word = wordOf(request);
    if (word.epoch < 1 || word.set === undefined) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'a role change needs masterEpoch and a SyncStateSet' };
    }
    if (word.masterId !== undefined) this.roles.offer(word);
    return { code: ResponseCode.SUCCESS };
  }

  /** Request 906: the HA address, if this broker is master. Addresses that a caller sends are not believed. */
  exchangeHaInfo(_request: RemotingCommand): Response {
    if (!this.mastership.held) return { code: ResponseCode.SUCCESS };
    const header = controllerHeaders.ExchangeHaInfo.encode({
      masterHaAddress: this.options.haServerAddr,
      masterFlushOffset: this.log.maxOffset(),
      masterAddress: this.options.brokerAddr,
    });
    return { code: ResponseCode.SUCCESS, header };
  }

  /** Body of the answer to 1007. */
  epochCache(): Buffer {
    const { brokerClusterName: clusterName, brokerName } = this.options;
    const brokerId = this.roles.own.role === 'master' ? 0 : this.session.brokerId;
    return epochCacheBody({ clusterName, brokerName, brokerId }, this.epochs.entries, this.log.maxOffset());
  }

  /** Body of the answer to 907. */
  runtimeInfo(): Buffer {
    const master = this.roles.own.role === 'master';
    return runtimeInfoBody(this.host.clock, {
      master,
      maxOffset: this.log.maxOffset(),
      set: this.mastership.set.ids,
      links: master ? [...this.server.slaves] : [],
      haAddress: this.client.masterHaAddress,
      link: this.client.currentLink,
    });
  }

  private onAppended(written: number): void {
    this.mastership.appended(written);
    this.server.appended(written);
  }

  private async askHaAddress(address: string): Promise<string | undefined> {
    const request = { code: RequestCode.EXCHANGE_BROKER_HA_INFO };
    const answer = await this.remoting.invoke(address, request, FIND_HA_ADDRESS_MS);
    if (answer.code !== ResponseCode.SUCCESS) return undefined;
    return controllerHeaders.ExchangeHaInfo.decode(answer.extFields).masterHaAddress || undefined;
  }

  private makeSession(): ControllerSession {
    const { host, log } = this;
    return new ControllerSession(host, this.options, this.remoting, {
      heartbeat: () => ({
        epoch: this.epochs.lastEpoch(),
        maxOffset: log.maxOffset(),
        confirmOffset: log.confirmOffset(),
      }),
      identified: (id) => this.roles.setSelf(id),
      word: (word, readSentMs) => {
        try {
          this.roles.offer(word, readSentMs);
        } catch (error) {
          host.log.error({ error: textOf(error) }, 'a word of the controller could not be taken');
        }
      },
      hasRole: () => this.roles.own.role !== 'none',
      unsyncedTailLost: () => log.unsyncedTailLost?.() ?? false,
      forgetLostTail: () => log.forgetLostTail?.(),
    });
  }
}
