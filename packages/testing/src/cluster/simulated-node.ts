import { textOf, type Host, type Lifecycle } from '@batonmq/host';
import type { SimMachine, World } from '@batonmq/simulator';

/** Written as a method, so that a node of a broker is also a node of something that has a lifecycle. */
type Observe<Service> = { created(service: Service, host: Host): void }['created'];

export type NodeKind = 'namesrv' | 'controller' | 'broker';

/** A machine of the world and the production component that runs on it. Each start is a new process with a new host. */
export class SimulatedNode<Service extends Lifecycle = Lifecycle> {
  private running: Service | undefined;
  private starts = 0;
  /** Why the last start failed, as its operator would read it; undefined when it did not. */
  problem: string | undefined;
  private readonly observers: Observe<Service>[] = [];

  constructor(
    private readonly world: World,
    readonly kind: NodeKind,
    readonly machine: SimMachine,
    /** `ip:port` that clients use. */
    readonly address: string,
    private readonly create: (host: Host) => Service,
  ) {}

  get name(): string {
    return this.machine.name;
  }

  /** The component of the running process; undefined while none runs. */
  get service(): Service | undefined {
    return this.machine.running ? this.running : undefined;
  }

  /** Calls back with each new service before it starts: for observers, and for bugs planted by tests. */
  onCreated(observe: Observe<Service>): void {
    this.observers.push(observe);
  }

  /** Boots a process, after an end of the one that runs. The component starts in the background. */
  start(): void {
    const host = this.machine.boot();
    const start = ++this.starts;
    this.problem = undefined;
    const service = this.create(host);
    this.running = service;
    for (const observe of this.observers) observe(service, host);
    service.start().catch((error: unknown) => {
      if (start !== this.starts) return;
      this.problem = textOf(error);
      this.world.note(`${this.name} did not start: ${this.problem}`);
      this.machine.kill();
    });
  }

  /** kill -9. */
  kill(): void {
    this.machine.kill();
  }

  /** Power loss: what was not synced may be gone. */
  crash(options?: { silent?: boolean }): void {
    this.machine.crash(options);
  }

  /** An orderly end. Resolves when the process has ended; the world has to run meanwhile. Never, when it is killed first. */
  async stop(): Promise<void> {
    const { service } = this;
    try {
      await service?.stop();
    } catch (error) {
      this.world.note(`${this.name} did not stop in good order: ${textOf(error)}`);
    }
    if (this.running === service) this.machine.kill();
  }
}
