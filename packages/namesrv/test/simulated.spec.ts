import { RemotingClient, RequestCode, namesrvHeaders, writeJson } from '@batonmq/remoting';
import { World, type SimMachine } from '@batonmq/simulator';
import { NameServer } from '../src';

const NAMESRV = '10.0.0.1';
const ADDRESS = `${NAMESRV}:9876`;

/** The production name server on a machine of a simulated world, with brokers that do no more than register. */
class Scene {
  readonly world: World;
  private readonly namesrv: SimMachine;
  private readonly observer: RemotingClient;
  private readonly clients = new Map<string, RemotingClient>();

  constructor(seed: number) {
    this.world = new World({ seed });
    this.namesrv = this.world.machine('namesrv', { address: NAMESRV });
    this.observer = new RemotingClient(this.world.machine('observer', { address: '10.0.0.9' }).boot());
  }

  start(): Promise<void> {
    return this.finish(new NameServer(this.namesrv.boot()).start());
  }

  machine(name: string): SimMachine {
    return this.world.machine(name, { address: `${name}.address` });
  }

  async register(name: string, brokerId: number, stateVersion = 0, timeoutMs = 10_000): Promise<number> {
    const topic = { perm: 6, readQueueNums: 4, writeQueueNums: 4 };
    const header = namesrvHeaders.RegisterBrokerRequest.encode({
      clusterName: 'C',
      brokerName: 'b',
      brokerAddr: `${name}:10911`,
      brokerId,
      haServerAddr: `${name}:10912`,
      heartbeatTimeoutMillis: timeoutMs,
      enableActingMaster: false,
      compressed: false,
    });
    const dataVersion = { counter: 1, stateVersion, timestamp: 1 };
    const body = writeJson({ topicConfigSerializeWrapper: { dataVersion, topicConfigTable: { T: topic, U: topic } } });
    const answer = await this.finish(
      this.client(name).invoke(ADDRESS, { code: RequestCode.REGISTER_BROKER, header, body }, 5000),
    );
    return answer.code;
  }

  client(name: string): RemotingClient {
    let client = this.clients.get(name);
    if (client === undefined) this.clients.set(name, (client = new RemotingClient(this.machine(name).boot())));
    return client;
  }

  async members(): Promise<Record<string, string>> {
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic: 'T' } };
    const answer = await this.finish(this.observer.invoke(ADDRESS, request, 5000));
    if (answer.code !== 0) return {};
    const route = JSON.parse(String(answer.body)) as { brokerDatas: { brokerAddrs: Record<string, string> }[] };
    return route.brokerDatas[0]?.brokerAddrs ?? {};
  }

  async pass(ms: number): Promise<void> {
    await this.world.run(ms);
  }

  async finish<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => void (isDone = true);
    promise.then(done, done);
    expect(await this.world.run(60_000, () => isDone)).toBe(true);
    return promise;
  }
}

describe.each([1, 2, 3])('a name server in a simulated world, seed %d', (seed) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = new Scene(seed);
    await scene.start();
  });

  it('a killed broker is out of the routes at once', async () => {
    await scene.register('m', 0);
    await scene.register('s', 1);
    expect(await scene.members()).toEqual({ '0': 'm:10911', '1': 's:10911' });
    scene.machine('m').kill();
    await scene.pass(1000);
    expect(await scene.members()).toEqual({ '1': 's:10911' });
  });

  it('a cut-off broker is out after its own patience, and back when it registers again', async () => {
    await scene.register('m', 0);
    await scene.register('s', 1, 0, 600_000);
    scene.world.partition(['m'], ['namesrv']);
    await scene.pass(9000);
    expect(await scene.members()).toHaveProperty('0');
    await scene.pass(7000);
    expect(await scene.members()).toEqual({ '1': 's:10911' });
    scene.world.heal();
    await scene.pass(1000);
    const again = scene.register('m', 0).catch(() => scene.register('m', 0));
    expect(await again).toBe(0);
    expect(await scene.members()).toEqual({ '0': 'm:10911', '1': 's:10911' });
  });

  it('two-masters-in-route: the master that was cut off from its controller stays out', async () => {
    await scene.register('old', 0, 1);
    await scene.register('new', 2, 1);
    await scene.register('third', 3, 1);
    expect(await scene.register('new', 0, 2)).toBe(0);
    expect(await scene.register('old', 0, 1)).toBe(0);
    expect(await scene.members()).toEqual({ '0': 'new:10911', '3': 'third:10911' });
    scene.machine('new').kill();
    await scene.pass(1000);
    expect(await scene.register('old', 0, 1)).toBe(0);
    expect(await scene.members()).toEqual({ '3': 'third:10911' });
    expect(await scene.register('third', 0, 3)).toBe(0);
    expect(await scene.register('old', 0, 1)).toBe(0);
    expect(await scene.members()).toEqual({ '0': 'third:10911' });
  });

  it('late-close-deposes: the end of an old connection does not remove a broker that is on a newer one', async () => {
    await scene.register('m', 0);
    // The name server sees neither bytes nor the end of the old connection; the broker connects anew.
    scene.world.partition(['m'], ['namesrv'], { oneWay: true });
    await scene.pass(2000);
    scene.client('m').closeAddress(ADDRESS);
    scene.world.heal();
    expect(await scene.register('m', 0)).toBe(0);
    await scene.pass(3000);
    expect(await scene.members()).toEqual({ '0': 'm:10911' });
  });
});
