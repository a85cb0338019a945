import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost, silentLog, type Logger } from '@batonmq/host';
import type { Message } from '../core/message';
import { eventually, freePorts } from '../../test/cluster';
import { RSocketTransport } from './rsocket';

const local = '127.0.0.1';
const directory = mkdtempSync(join(tmpdir(), 'raft-tls-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Papers {
  readonly key: string;
  readonly cert: string;
}

/** Certificates are made for this test, by the machine's openssl; the last ones are valid for an hour. */
function certify(name: string, authority?: string): Papers {
  const path = (end: string): string => join(directory, `${name}.${end}`);
  const signed =
    authority === undefined
      ? []
      : ['-CA', join(directory, `${authority}.crt`), '-CAkey', join(directory, `${authority}.key`)];
  const subject = authority === undefined ? [] : ['-addext', `subjectAltName=IP:${local}`];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...['-subj', `/CN=${name}`, '-keyout', path('key'), '-out', path('crt'), ...subject, ...signed],
    ],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('crt'), 'utf8') };
}

const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('openssl is missing: TLS of the RSocket transport is not tested\n');
    return false;
  }
})();

(hasOpenssl ? describe : describe.skip)('RSocketTransport with mutual TLS', () => {
  let ca = '';
  const papers: Record<string, Papers> = {};
  const running: RSocketTransport[] = [];

  beforeAll(() => {
    ca = certify('authority').cert;
    certify('stranger-authority');
    for (const id of ['a', 'b']) papers[id] = certify(id, 'authority');
    papers['stranger'] = certify('stranger', 'stranger-authority');
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((transport) => transport.stop()));
  });

  /** a sends heartbeats to b until `done`. @returns how many arrived */
  async function talk(aTls: Partial<Papers>, bTls: Papers, done: (got: number, dropped: number) => boolean) {
    const ports = await freePorts(2);
    const peers = ['a', 'b'].map((id, i) => ({ id, address: `${local}:${ports[i]}` }));
    let got = 0;
    let dropped = 0;
    const reasons: string[] = [];
    const log: Logger = { ...silentLog, warn: (fields) => void reasons.push(String(fields['reason'])) };
    const host = { ...nodeHost(silentLog), log };
    const make = async (id: string, tls: Partial<Papers>): Promise<RSocketTransport> => {
      const port = ports[id === 'a' ? 0 : 1] as number;
      const server = { ...papers['a'], ...tls, ca, requireClientCertificate: true } as Papers & { ca: string };
      const transport = new RSocketTransport(host, { listen: { host: local, port, tls: server }, tls: { ...tls, ca } });
      running.push(transport);
      const receiver = { message: () => void got++, unreachable: () => void dropped++ };
      await transport.start({ group: 'g', id, peers }, receiver);
      return transport;
    };
    const a = await make('a', aTls);
    await make('b', bTls);
    const heartbeat: Message = { kind: 'heartbeat', term: 1, commitIndex: 0, round: 0 };
    await eventually('it is decided', () => {
      a.send('b', heartbeat);
      return done(got, dropped);
    });
    return { got, reasons };
  }

  it('carries messages between members with certificates of the group', async () => {
    const { got } = await talk(papers['a'] as Papers, papers['b'] as Papers, (count) => count > 10);
    expect(got).toBeGreaterThan(10);
  });

  it('refuses who has no certificate, or one of another authority', async () => {
    for (const tls of [{}, papers['stranger'] as Papers]) {
      const { got, reasons } = await talk(tls, papers['b'] as Papers, (_, dropped) => dropped > 5);
      expect(got).toBe(0);
      expect(reasons.length).toBeGreaterThan(0);
    }
  });

  it('does not talk to who shows a certificate of another authority', async () => {
    const stranger = papers['stranger'] as Papers;
    const { got, reasons } = await talk(papers['a'] as Papers, stranger, (_, dropped) => dropped > 5);
    expect(got).toBe(0);
    expect(reasons.join()).toMatch(/certificate/);
  });
});
