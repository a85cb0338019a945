import { type Host } from '@batonmq/host';
import { RemotingClient, RemotingServer, RequestCode } from '@batonmq/remoting';
import { World, type SimMachine, type WorldOptions } from '@batonmq/simulator';
import { ReplicationService, type HaOptions, type RoleListener } from '../../src';
import { CONTROLLER_PORT, ControllerState, ScriptedController } from './scripted-controller';
import { FileLog } from './file-log';

export const OPTIONS: HaOptions = {
  allAckInSyncStateSet: true,
  inSyncReplicas: 1,
  minInSyncReplicas: 1,
  haListenPort: 10912,
  haTransferBatchSize: 32768,
  haSendHeartbeatInterval: 5000,
  haHousekeepingInterval: 20000,
  haMaxTimeSlaveNotCatchup: 15000,
  slaveTimeout: 3000,
  syncFromLastFile: false,
  asyncLearner: false,
  checkSyncStateSetPeriod: 5000,
  syncBrokerMetadataPeriod: 5000,
  syncControllerMetadataPeriod: 10000,
  brokerHeartbeatInterval: 1000,
  controllerHeartBeatTimeoutMills: 3000,
  brokerElectionPriority: 0,
  controllerAddr: `10.1.0.100:${CONTROLLER_PORT}`,
  brokerClusterName: 'DefaultCluster',
  brokerName: 'broker-a',
  brokerAddr: '',
  haServerAddr: '',
  storePathEpochFile: '/store/epochFileCheckpoint',
  storePathBrokerIdentity: '/store/brokerIdentity',
};

/** One acknowledged message. */
export interface Ack {
  readonly text: string;
  readonly epoch: number;
  readonly by: string;
  readonly atMs: number;
}

/** A broker as far as HA sees it: remoting port, log, replication service. */
export class Replica {
  service!: ReplicationService;
  log!: FileLog;
  host!: Host;
  /** Epoch in which the listener allowed writes; 0: refuses. */
  writableEpoch = 0;
  roles: string[] = [];
  booted = 0;

  constructor(
    readonly name: string,
    readonly machine: SimMachine,
    private readonly group: Group,
    private readonly options: Partial<HaOptions>,
  ) {}

  get running(): boolean {
    return this.machine.running;
  }

  async boot(): Promise<void> {
    this.booted++;
    const host = (this.host = this.machine.boot());
    this.writableEpoch = 0;
    this.log = new FileLog(host, '/store');
    const { address } = this.machine;
    const options = { ...OPTIONS, brokerAddr: `${address}:10911`, haServerAddr: `${address}:10912`, ...this.options };
    const server = new RemotingServer(host, { port: 10911 });
    const client = new RemotingClient(host);
    const service = new ReplicationService(host, options, this.log, client, this.listener());
    this.service = service;
    server.handle(RequestCode.NOTIFY_BROKER_ROLE_CHANGED, (request) => service.handleRoleChanged(request));
    server.handle(RequestCode.EXCHANGE_BROKER_HA_INFO, (request) => service.exchangeHaInfo(request));
    await server.start();
    await service.start();
  }

  /** @returns whether it was accepted */
  send(text: string): boolean {
    if (!this.running || this.writableEpoch === 0 || this.service.canAccept() !== 'ok') return false;
    const { host, service } = this;
    const epoch = service.state().masterEpoch;
    const end = this.log.put(text);
    service.onReplicated(end, (outcome) => {
      if (outcome === 'ok' && this.host === host) this.group.acked(text, epoch, this.name);
    });
    return true;
  }

  private listener(): RoleListener {
    return {
      becomeMaster: async (epoch) => {
        this.roles.push(`master ${epoch}`);
        this.writableEpoch = epoch;
      },
      becomeSlave: async (masterId, _address, epoch) => {
        this.roles.push(`slave of ${masterId} ${epoch}`);
        this.writableEpoch = 0;
      },
    };
  }
}

/** Three (or more) replicas and a controller in a simulated world. */
export class Group {
  readonly world: World;
  readonly replicas: Replica[] = [];
  readonly acks: Ack[] = [];
  readonly state = new ControllerState();
  controller!: ScriptedController;
  private readonly controllerMachine: SimMachine;
  private sequence = 0;

  constructor(options: WorldOptions, count = 3, ha: Partial<HaOptions> = {}) {
    this.world = new World(options);
    this.controllerMachine = this.world.machine('ctl', { address: '10.1.0.100' });
    for (let i = 1; i <= count; i++) {
      const machine = this.world.machine(`b${i}`, { address: `10.1.0.${i}` });
      this.replicas.push(new Replica(`b${i}`, machine, this, ha));
    }
  }

  async bootController(): Promise<void> {
    const host = this.controllerMachine.boot();
    this.controller = new ScriptedController(host, this.state, `10.1.0.100:${CONTROLLER_PORT}`);
    await this.controller.start();
  }

  killController(): void {
    this.controllerMachine.kill();
  }

  /** Boots everything one after another, so that replica i gets id i, until all are in the set. */
  async form(): Promise<void> {
    void this.bootController();
    for (const replica of this.replicas) {
      void replica.boot();
      const id = this.replicas.indexOf(replica) + 1;
      await this.until(
        `${replica.name} has its role`,
        () => replica.service?.state().role !== 'none' && this.state.members.has(id),
        5000,
      );
    }
    await this.until('all in the set', () => this.state.set.length === this.replicas.length, 5000);
  }

  async until(what: string, condition: () => boolean, limitMs: number): Promise<void> {
    if (condition()) return;
    if (await this.world.run(limitMs, condition)) return;
    throw new Error(
      `not within ${limitMs} ms: ${what}; seed ${this.world.seed}\n${this.world.trace.slice(-40).join('\n')}`,
    );
  }

  master(): Replica | undefined {
    return this.replicas.find((replica) => replica.running && replica.service?.canAccept() === 'ok');
  }
  byId(id: number): Replica {
    return this.replicas[id - 1] as Replica;
  }

  /** Sends to whoever accepts, also to several at once if several do. */
  sendEverywhere(): void {
    for (const replica of this.replicas) replica.send(`m${++this.sequence}-${replica.name}`);
  }

  acked(text: string, epoch: number, by: string): void {
    this.acks.push({ text, epoch, by, atMs: this.world.now() });
  }
}
