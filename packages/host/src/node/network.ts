import * as net from 'node:net';
import * as tls from 'node:tls';
import { HostError, codeOf, textOf } from '../errors';
import type { ConnectAddress, Connection, ListenAddress, Listener, Logger, Network } from '../host';
import { NodeConnection } from './connection';

export class NodeNetwork implements Network {
  /** @param log where what a close handler or an accept callback threw is written */
  constructor(private readonly log: Logger) {}

  listen(address: ListenAddress, onConnection: (connection: Connection) => void): Promise<Listener> {
    const accept = (socket: net.Socket): void => {
      const connection = new NodeConnection(socket, this.log);
      try {
        onConnection(connection);
      } catch (error) {
        this.log.error(
          { remote: connection.remote, error: textOf(error) },
          'accepting a connection failed; it is closed',
        );
        connection.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const server = makeServer(address, accept);
    const host = address.host ?? '0.0.0.0';
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => {
        const inUse = codeOf(cause) === 'EADDRINUSE';
        const hint = inUse ? 'stop what uses the port, or configure another one' : undefined;
        const text = inUse ? 'the port is already in use' : textOf(cause);
        const code = inUse ? 'ADDRESS_IN_USE' : 'NETWORK';
        reject(new HostError(code, `cannot listen on ${host}:${address.port}: ${text}`, { hint, cause }));
      });
      server.listen({ host, port: address.port, backlog: 1024 }, () => {
        server.on('error', (error) => this.log.warn({ port: address.port, error: textOf(error) }, 'listener error'));
        const bound = server.address() as net.AddressInfo;
        const close = async (): Promise<void> => {
          if (server.listening) server.close();
        };
        resolve({ host: bound.address, port: bound.port, close });
      });
    });
  }

  connect(address: ConnectAddress): Promise<Connection> {
    const { host, port, timeoutMs } = address;
    return new Promise((resolve, reject) => {
      const target = { host, port, noDelay: true, allowHalfOpen: true };
      const socket = address.tls ? tls.connect({ ...target, ...address.tls }) : net.connect(target);
      const fail = (code: 'CONNECT_FAILED' | 'CONNECT_TIMEOUT', text: string, cause?: unknown): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new HostError(code, `cannot connect to ${host}:${port}: ${text}`, { cause }));
      };
      const timer = setTimeout(() => fail('CONNECT_TIMEOUT', `no answer within ${timeoutMs} ms`), timeoutMs);
      const onError = (cause: Error): void => fail('CONNECT_FAILED', textOf(cause), cause);
      socket.on('error', onError);
      socket.once(address.tls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        const connection = new NodeConnection(socket, this.log);
        socket.removeListener('error', onError);
        resolve(connection);
      });
    });
  }
}

/** Half-open sockets: the connection itself answers the other end's finish, after it has delivered everything. */
function makeServer(address: ListenAddress, accept: (socket: net.Socket) => void): net.Server {
  if (address.tls === undefined) {
    return net.createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, accept);
  }
  const { cert, key, ca, requireClientCertificate = false } = address.tls;
  return tls.createServer(
    {
      cert,
      key,
      ca,
      requestCert: requireClientCertificate,
      rejectUnauthorized: requireClientCertificate,
      pauseOnConnect: true,
      allowHalfOpen: true,
    },
    accept,
  );
}
