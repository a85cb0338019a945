import {
  HostError,
  type ConnectAddress,
  type Connection,
  type ListenAddress,
  type Listener,
  type Network,
} from '@batonmq/host';
import type { SimProcess } from '../process';
import { Dialling } from './dialling';
import type { Station, Wire } from './wire';

/** A machine as the network knows it. */
export interface NetStation extends Station {
  readonly address: string;
  readonly ports: Map<number, SimListener>;
  nextPort: number;
}

export interface SimListener {
  readonly port: number;
  readonly onlyLocal: boolean;
  readonly tls: boolean;
  readonly process: SimProcess;
  readonly accept: (connection: Connection) => void;
}

const FIRST_EPHEMERAL_PORT = 32768;

export class SimNetwork implements Network {
  constructor(
    private readonly wire: Wire,
    readonly own: NetStation,
    readonly process: SimProcess,
    /** How many ms of the machine pass in one virtual ms: its timeouts are measured by its own clock. */
    readonly rate: number,
    private readonly find: (host: string) => NetStation | undefined,
    /** Overwrites lent bytes after the call that lent them. */
  ) {}

  listen(address: ListenAddress, onConnection: (connection: Connection) => void): Promise<Listener> {
    const host = address.host ?? '0.0.0.0';
    const { ports } = this.own;
    return this.promise((resolve, reject) => {
      if (address.port !== 0 && ports.has(address.port)) {
        const text = `cannot listen on ${host}:${address.port}: the port is already in use`;
        return reject(
          new HostError('ADDRESS_IN_USE', text, { hint: 'stop what uses the port, or configure another one' }),
        );
      }
      const port = address.port === 0 ? this.freePort() : address.port;
      const listener: SimListener = {
        port,
        onlyLocal: host === '127.0.0.1' || host === 'localhost',
        tls: address.tls !== undefined,
        process: this.process,
        accept: onConnection,
      };
      const release = (): void => {
        if (ports.get(port) === listener) ports.delete(port);
      };
      ports.set(port, listener);
      const belonging = { processDied: release };
      this.process.belongings.add(belonging);
      const close = (): Promise<void> =>
        this.promise((done) => {
          release();
          this.process.belongings.delete(belonging);
          done();
        });
      resolve({ host: listener.onlyLocal ? '127.0.0.1' : host, port, close });
    });
  }

  connect(address: ConnectAddress): Promise<Connection> {
    return this.promise((resolve, reject) => {
      const target = isOwnName(address.host) ? this.own : this.find(address.host);
      if (target === undefined && !/^[0-9.]+$|:/.test(address.host)) {
        const text = `cannot connect to ${address.host}:${address.port}: the name is not known`;
        return reject(new HostError('CONNECT_FAILED', text));
      }
      new Dialling(this.wire, this, target, address, resolve, reject).start();
    });
  }

  freePort(): number {
    const { own } = this;
    do {
      own.nextPort = own.nextPort >= 65535 ? FIRST_EPHEMERAL_PORT : own.nextPort + 1;
    } while (own.ports.has(own.nextPort));
    return own.nextPort;
  }

  /** A promise whose settling is an event of this process: never after its death. */
  private promise<T>(run: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.process.alive) return;
      run(
        (value) => void this.wire.loop.after(0, this.process, () => resolve(value)),
        (error) => void this.wire.loop.after(0, this.process, () => reject(error)),
      );
    });
  }
}

function isOwnName(host: string): boolean {
  return host === '127.0.0.1' || host === 'localhost' || host === '::1';
}
