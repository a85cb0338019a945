import { nodeHost, silentLog } from '@batonmq/host';
import { RemotingClient, RemotingServer, RequestCode, header, int64, text } from './index';

const Ask = header('Ask', { name: text(), size: int64() });

describe('a server and a client', () => {
  const host = nodeHost(silentLog);
  const server = new RemotingServer(host, { host: '127.0.0.1', port: 0 });
  const client = new RemotingClient(host);
  afterAll(async () => {
    await client.stop();
    await server.stop();
  });

  it('answers a request, refuses an unknown code, survives garbage', async () => {
    server.handle(RequestCode.GET_ROUTEINFO_BY_TOPIC, (request) => {
      const ask = Ask.decode(request.extFields);
      return { code: 0, header: Ask.encode({ name: ask.name, size: ask.size + 1 }), body: request.body };
    });
    await server.start();
    const address = `127.0.0.1:${server.port}`;
    const body = Buffer.alloc(100_000, 7);
    const answer = await client.invoke(
      address,
      { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: Ask.encode({ name: 'ä"\\', size: 2 ** 52 }), body },
      1000,
    );
    expect(Ask.decode(answer.extFields)).toEqual({ name: 'ä"\\', size: 2 ** 52 + 1 });
    expect(answer.body?.equals(body)).toBe(true);
    expect((await client.invoke(address, { code: 9999 }, 1000)).code).toBe(3);
    const missing = await client.invoke(address, { code: RequestCode.GET_ROUTEINFO_BY_TOPIC }, 1000);
    expect(missing).toMatchObject({ code: 1, remark: 'Ask: field name is missing' });

    const raw = await host.network.connect({ host: '127.0.0.1', port: server.port, timeoutMs: 1000 });
    const closed = new Promise((resolve) => raw.receive({ data: () => {}, close: resolve }));
    raw.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await closed;
    expect((await client.invoke(address, { code: 9999 }, 1000)).code).toBe(3);
  });
});
