import { splitAddresses, textOf, type Cancel, type Host } from '@batonmq/host';
import { RequestCode, ResponseCode, namesrvHeaders, writeJson, type RemotingClient } from '@batonmq/remoting';
import { NO_VERSION } from '../metadata/data-version';
import type { BrokerRole } from '../role';
import type { TopicTable } from '../topics/topic-table';

export interface RegistrationOptions {
  readonly namesrvAddr: string;
  readonly brokerClusterName: string;
  readonly brokerName: string;
  readonly brokerAddr: string;
  readonly haServerAddr: string;
  readonly brokerPermission: number;
  readonly registerNameServerPeriod: number;
}

const TIMEOUT_MS = 3000;
const RETRY_MS = 1000;

interface NameServer {
  readonly address: string;
  busy: boolean;
  /** Something changed while a registration was under way. */
  again: boolean;
  cancelRetry: Cancel;
  lastProblem: string;
  waiting: (() => void)[];
}

/**
 * Keeps every name server informed of this broker: periodically, at once after a change, and again as soon as a name
 * server that was lost is back. One registration per name server is under way at a time; changes meanwhile share the next.
 */
export class NameServerRegistration {
  private readonly servers: NameServer[];
  private cancelPeriod: Cancel = () => {};
  private active = false;

  constructor(
    private readonly host: Pick<Host, 'timers' | 'log'>,
    private readonly client: RemotingClient,
    private readonly options: RegistrationOptions,
    private readonly role: BrokerRole,
    private readonly topics: TopicTable,
    /** The answer of a name server to a slave says where the master's HA port is. */
    private readonly onHaAddress: (haServerAddr: string) => void,
  ) {
    this.servers = splitAddresses(options.namesrvAddr).map((address) => ({
      address,
      busy: false,
      again: false,
      cancelRetry: () => {},
      lastProblem: '',
      waiting: [],
    }));
    client.onConnectionLost((address) => {
      const server = this.servers.find((one) => one.address === address);
      if (server !== undefined && this.active) this.retryLater(server);
    });
  }

  /** From now on; the broker has a role. Calling it again registers at once. */
  activate(): void {
    this.active = true;
    this.cancelPeriod();
    const period = Math.min(Math.max(this.options.registerNameServerPeriod, 10_000), 60_000);
    this.cancelPeriod = this.host.timers.every(period, () => this.registerNow());
    this.registerNow();
  }

  registerNow(): void {
    if (this.active) for (const server of this.servers) void this.register(server);
  }

  /** Resolves when every name server has answered a registration begun after the call, or after `timeoutMs`. */
  registered(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      let open = this.servers.length;
      const cancel = this.host.timers.after(timeoutMs, resolve);
      const one = (): void => {
        open -= 1;
        if (open > 0) return;
        cancel();
        resolve();
      };
      if (open === 0 || !this.active) return one();
      for (const server of this.servers) server.waiting.push(one);
      this.registerNow();
    });
  }

  async stop(): Promise<void> {
    this.cancelPeriod();
    const wasActive = this.active;
    this.active = false;
    for (const server of this.servers) server.cancelRetry();
    if (!wasActive) return;
    const { brokerName, brokerAddr, brokerClusterName: clusterName } = this.options;
    const header = namesrvHeaders.UnregisterBrokerRequest.encode({
      brokerName,
      brokerAddr,
      clusterName,
      brokerId: this.role.brokerId,
    });
    const goodbye = { code: RequestCode.UNREGISTER_BROKER, header };
    await Promise.allSettled(this.servers.map((server) => this.client.invoke(server.address, goodbye, 1000)));
  }

  private async register(server: NameServer): Promise<void> {
    if (server.busy) {
      server.again = true;
      return;
    }
    server.busy = true;
    server.again = false;
    const waiting = server.waiting.splice(0);
    try {
      await this.send(server);
      if (server.lastProblem !== '') this.host.log.info({ nameServer: server.address }, 'registered again');
      server.lastProblem = '';
    } catch (error) {
      const problem = textOf(error);
      if (problem !== server.lastProblem)
        this.host.log.warn({ nameServer: server.address, error: problem }, 'registration failed; it is tried again');
      server.lastProblem = problem;
      this.retryLater(server);
    } finally {
      server.busy = false;
    }
    for (const done of waiting) done();
    if (server.again && this.active) void this.register(server);
  }

  private async send(server: NameServer): Promise<void> {
    const { options, role, topics } = this;
    const topicConfigTable = Object.fromEntries(
      [...topics.all()].map((topic) => [topic.topicName, { ...topic, perm: topic.perm & options.brokerPermission }]),
    );
    const body = writeJson({
      filterServerList: [],
      topicConfigSerializeWrapper: {
        dataVersion: topics.dataVersion,
        mappingDataVersion: NO_VERSION,
        topicConfigTable,
        topicQueueMappingDetailMap: {},
        topicQueueMappingInfoMap: {},
      },
    });
    const header = namesrvHeaders.RegisterBrokerRequest.encode({
      brokerName: options.brokerName,
      brokerAddr: options.brokerAddr,
      clusterName: options.brokerClusterName,
      haServerAddr: options.haServerAddr,
      brokerId: role.brokerId,
      enableActingMaster: false,
      compressed: false,
      bodyCrc32: 0,
    });
    const answer = await this.client.invoke(
      server.address,
      { code: RequestCode.REGISTER_BROKER, header, body },
      TIMEOUT_MS,
    );
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`code ${answer.code}: ${answer.remark ?? ''}`);
    const { haServerAddr } = namesrvHeaders.RegisterBrokerResponse.decode(answer.extFields);
    if (haServerAddr !== undefined && !role.isMaster) this.onHaAddress(haServerAddr);
  }

  private retryLater(server: NameServer): void {
    server.cancelRetry();
    // A registration that was under way at the stop ends here.
    if (!this.active) return;
    server.cancelRetry = this.host.timers.after(RETRY_MS, () => void this.register(server));
  }
}
