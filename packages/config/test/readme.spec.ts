import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import * as config from '../src';
import { readBroker } from './readme-example';

const path = join(__dirname, '..', 'README.md');
const START = '<!-- Tables: written by npm run tables -->\n\n<!-- prettier-ignore-start -->\n';
const END = '\n<!-- prettier-ignore-end -->\n';

const tables = (
  ['namesrvConfig', 'controllerConfig', 'brokerConfig', 'remotingServerConfig', 'remotingClientConfig'] as const
)
  .map((name) => `\n### ${name}\n\n${config.configTable(config[name])}\n`)
  .join('');

describe('README', () => {
  const written = readFileSync(path, 'utf8');
  const head = written.slice(0, written.indexOf(START));

  it('has the tables of the schemas (else: npm run tables)', () => {
    const current = `${head}${START}${tables}${END}`;
    if (process.env['REWRITE'] === '1') writeFileSync(path, current);
    else expect(written).toBe(current);
  });

  it('shows the example that runs below', () => {
    const source = readFileSync(join(__dirname, 'readme-example.ts'), 'utf8').replace("'../src'", "'@batonmq/config'");
    expect(head).toContain(`\`\`\`ts\n${source}\`\`\``);
  });

  it.each(Object.keys(config))('names %s', (name) => {
    expect(head).toContain(name);
  });

  it('runs its example', () => {
    const { files, machine } = nodeHost(silentLog);
    const lines: string[] = [];
    const log = { ...silentLog, warn: (_fields: unknown, line: string) => void lines.push(line) };
    const values = readBroker({ files, machine, log }, join(__dirname, 'data', 'broker.conf'));
    expect(values).toMatchObject({ brokerName: 'broker-a', listenPort: 30911, flushDiskType: 'ASYNC_FLUSH' });
    expect(lines).toEqual([]);
  });
});
