import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost, silentLog, type Connection, type Logger } from '../src';

const { network } = nodeHost(silentLog);

interface Heard {
  text: string;
  closed: Promise<Error | undefined>;
}

function hear(connection: Connection, answer?: string): Heard {
  const heard: Heard = { text: '', closed: Promise.resolve(undefined) };
  heard.closed = new Promise((close) => {
    connection.receive({
      data(bytes) {
        heard.text += bytes.toString();
        if (answer !== undefined) connection.write(Buffer.from(answer));
      },
      close,
    });
  });
  return heard;
}

describe('TLS', () => {
  const directory = fs.mkdtempSync(join(tmpdir(), 'tls-'));
  const [keyFile, certFile] = [join(directory, 'key'), join(directory, 'cert')];
  const request = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost';
  execFileSync('openssl', [...request.split(' '), '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  const [key, cert] = [fs.readFileSync(keyFile, 'utf8'), fs.readFileSync(certFile, 'utf8')];
  afterAll(() => fs.rmSync(directory, { recursive: true }));

  it('carries bytes, and the answer to who has already ended', async () => {
    const listener = await network.listen({ port: 0, tls: { key, cert } }, (one) => void hear(one, 'pong'));
    const client = await network.connect({
      host: 'localhost',
      port: listener.port,
      timeoutMs: 5000,
      tls: { ca: cert },
    });
    const heard = hear(client);
    client.write(Buffer.from('ping'));
    client.end();
    expect(await heard.closed).toBeUndefined();
    expect(heard.text).toBe('pong');
    await listener.close();
  });

  it('refuses a server that is not trusted, and clients without the certificate asked for', async () => {
    const tls = { key, cert, ca: cert, requireClientCertificate: true };
    const listener = await network.listen({ port: 0, tls }, (one) => void hear(one, 'pong'));
    const target = { host: 'localhost', port: listener.port, timeoutMs: 5000 };
    await expect(network.connect({ ...target, tls: {} })).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    const bare = hear(await network.connect({ ...target, tls: { ca: cert } }));
    expect(await bare.closed).toMatchObject({ code: 'CONNECTION_CLOSED' });
    const known = await network.connect({ ...target, tls: { ca: cert, key, cert } });
    const heard = hear(known);
    known.write(Buffer.from('ping'));
    known.end();
    await heard.closed;
    expect(heard.text).toBe('pong');
    await listener.close();
  });

  it('drops a client that speaks no TLS, and goes on', async () => {
    const listener = await network.listen({ port: 0, tls: { key, cert } }, (one) => void hear(one, 'pong'));
    const plain = await network.connect({ host: 'localhost', port: listener.port, timeoutMs: 5000 });
    const heard = hear(plain);
    plain.write(Buffer.from('not a client hello, whatever it is'));
    await heard.closed;
    const client = await network.connect({
      host: 'localhost',
      port: listener.port,
      timeoutMs: 5000,
      tls: { ca: cert },
    });
    client.destroy();
    await listener.close();
  });
});

describe('connections', () => {
  it('time out when nobody answers', async () => {
    // TCP connects, but the TLS handshake is never answered.
    const deaf = net.createServer();
    await new Promise<void>((done) => deaf.listen({ port: 0, host: '127.0.0.1' }, done));
    const { port } = deaf.address() as net.AddressInfo;
    const tls = { rejectUnauthorized: false };
    const connecting = network.connect({ host: '127.0.0.1', port, timeoutMs: 50, tls });
    await expect(connecting).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' });
    deaf.close();
  });

  it('say why they broke, as CONNECTION_CLOSED', async () => {
    const server = net.createServer((socket) => socket.on('data', () => socket.resetAndDestroy()));
    await new Promise<void>((done) => server.listen({ port: 0, host: '127.0.0.1' }, done));
    const { port } = server.address() as net.AddressInfo;
    const connection = await network.connect({ host: '127.0.0.1', port, timeoutMs: 5000 });
    const heard = hear(connection);
    connection.write(Buffer.from('x'));
    expect(await heard.closed).toMatchObject({ code: 'CONNECTION_CLOSED', cause: { code: 'ECONNRESET' } });
    server.close();
  });

  it('log what a close handler throws, and stay up', async () => {
    const lines: string[] = [];
    let logged: () => void = () => {};
    const done = new Promise<void>((resolve) => (logged = resolve));
    const log: Logger = {
      ...silentLog,
      error: (fields, message) => (lines.push(`${message}: ${fields['error']}`), logged()),
    };
    const host = nodeHost(log);
    const bang = (): void => {
      throw new Error('planted by the test');
    };
    const listener = await host.network.listen({ port: 0 }, (one) => one.receive({ data: () => {}, close: bang }));
    (await network.connect({ host: '127.0.0.1', port: listener.port, timeoutMs: 5000 })).destroy();
    await done;
    expect(lines).toEqual(['a close handler failed: planted by the test']);
    await listener.close();
  });

  it('end although nobody ever received on them', async () => {
    let accepted: Connection | undefined;
    const listener = await network.listen({ port: 0 }, (one) => {
      accepted = one;
      one.end();
    });
    const client = await network.connect({ host: '127.0.0.1', port: listener.port, timeoutMs: 5000 });
    client.write(Buffer.from('nobody reads this'));
    expect(await hear(client).closed).toBeUndefined();
    expect(await hear(accepted as Connection).closed).toBeUndefined();
    await listener.close();
  });
});
