import type { Cancel, Host } from '@batonmq/host';
import {
  RemotingClient,
  RemotingServer,
  RequestCode,
  controllerHeaders as headers,
  readJson,
  writeJson,
  type ExtFields,
  type HeaderOf,
  type RemotingCommand,
} from '@batonmq/remoting';

export interface Notice {
  readonly header: HeaderOf<typeof headers.NotifyBrokerRoleChangedRequest>;
  readonly body: unknown;
}

export interface ElectBody {
  readonly syncStateSet: number[];
  readonly brokerMemberGroup: { readonly brokerAddrs: Record<string, string> };
  readonly brokerAddrs: Record<string, string>;
}

/** Speaks to controllers as a broker does, on a real host, and writes down what it is told. */
export class BrokerPuppet {
  readonly notices: Notice[] = [];
  private readonly server: RemotingServer;
  private client: RemotingClient;
  private cancel: Cancel = () => {};

  constructor(
    private readonly host: Host,
    readonly brokerId: number,
    private readonly controllers: readonly string[],
    private readonly ip = '127.0.0.1',
    private readonly brokerName = 'broker-a',
  ) {
    this.client = new RemotingClient(host);
    this.server = new RemotingServer(host, { port: 0 });
    this.server.handle(RequestCode.NOTIFY_BROKER_ROLE_CHANGED, ({ extFields, body }) => {
      const header = headers.NotifyBrokerRoleChangedRequest.decode(extFields);
      this.notices.push({ header, body: readJson(body as Buffer) });
      return { code: 0 };
    });
  }

  get address(): string {
    return `${this.ip}:${this.server.port}`;
  }

  /** Joins the set (or comes back), registers, and heartbeats to all controllers. */
  async start(): Promise<void> {
    await this.server.start();
    const { brokerName, brokerId } = this;
    const registerCheckCode = `127.0.0.1:1;${brokerId}`;
    const applied = { clusterName: 'DefaultCluster', brokerName, appliedBrokerId: brokerId, registerCheckCode };
    await this.ask(RequestCode.CONTROLLER_APPLY_BROKER_ID, headers.ApplyBrokerIdRequest.encode(applied));
    await this.register();
    this.cancel = this.host.timers.every(200, () => this.heartbeat(), 0);
    this.heartbeat();
  }

  /** Goes on over new connections. @returns closes the old ones */
  reconnect(): () => Promise<void> {
    const old = this.client;
    this.client = new RemotingClient(this.host);
    this.heartbeat();
    return () => old.stop();
  }

  async stop(): Promise<void> {
    this.cancel();
    await this.client.stop();
    await this.server.stop();
  }

  /** Says again where it is. @param confirmsMastership it will confirm an office before it serves */
  register(confirmsMastership = false): Promise<RemotingCommand> {
    const { brokerName, brokerId } = this;
    const place = {
      clusterName: 'DefaultCluster',
      brokerName,
      brokerId,
      brokerAddress: this.address,
      confirmsMastership,
    };
    return this.ask(RequestCode.CONTROLLER_REGISTER_BROKER, headers.RegisterBrokerToControllerRequest.encode(place));
  }

  askForElection(): Promise<RemotingCommand> {
    const { brokerName, brokerId } = this;
    const header = { clusterName: 'DefaultCluster', brokerName, brokerId, designateElect: false };
    return this.ask(RequestCode.CONTROLLER_ELECT_MASTER, headers.ElectMasterRequest.encode(header));
  }

  /** As long as a wanted member was not heard yet, it is asked again. */
  alterSyncStateSet(ids: number[], masterEpoch: number, syncStateSetEpoch: number): Promise<RemotingCommand> {
    const { brokerName, brokerId: masterBrokerId } = this;
    const header = headers.AlterSyncStateSetRequest.encode({ brokerName, masterBrokerId, masterEpoch });
    const body = writeJson({ syncStateSet: ids, syncStateSetEpoch });
    return eventually(this.host, 'members are alive', async () => {
      const answer = await this.ask(RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET, header, body);
      return answer.code === 2006 ? undefined : answer;
    });
  }

  private ask(code: number, header: ExtFields, body?: Buffer): Promise<RemotingCommand> {
    return eventually(this.host, `a leader answers ${code}`, async () => {
      for (const address of this.controllers) {
        try {
          const answer = await this.client.invoke(
            address,
            { code, header, ...(body === undefined ? {} : { body }) },
            3000,
          );
          if (answer.code !== 2007) return answer;
        } catch {
          // The next controller may be the leader.
        }
      }
      return undefined;
    });
  }

  private heartbeat(): void {
    const header = headers.BrokerHeartbeatRequest.encode({
      clusterName: 'DefaultCluster',
      brokerName: this.brokerName,
      brokerId: this.brokerId,
      brokerAddr: this.address,
      epoch: 0,
      maxOffset: 0,
      confirmOffset: 0,
    });
    for (const address of this.controllers) {
      this.client.oneway(address, { code: RequestCode.BROKER_HEARTBEAT, header }).catch(() => {});
    }
  }
}

/** Waits for a condition in the time of `host`, with a deadline. */
export async function eventually<T>(
  host: Pick<Host, 'clock' | 'timers'>,
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined>,
): Promise<T> {
  const untilMs = host.clock.monotonicMs() + 30_000;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value as T;
    if (host.clock.monotonicMs() > untilMs) throw new Error(`waited in vain until ${what}`);
    await new Promise<void>((resolve) => void host.timers.after(5, resolve));
  }
}
