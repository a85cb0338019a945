import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeHost, silentLog } from '@batonmq/host';
import { KvConfig } from './kv-config';

describe('kvConfig.json (18.21)', () => {
  const { files } = nodeHost(silentLog);
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(`${tmpdir()}/kv-`);
    path = `${directory}/namesrv/kvConfig.json`;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const opened = (): KvConfig => {
    const kv = new KvConfig(files, path);
    kv.load();
    return kv;
  };

  it('keeps values, also odd ones, in the file RocketMQ writes', () => {
    const kv = opened();
    kv.put('ORDER_TOPIC_CONFIG', 'TopicOrder', 'broker-a:4;broker-b:4');
    kv.put('ns:1', 'schlüssel;', 'wert "ü" \\ ☃');
    kv.put('ns:1', 'gone', 'x');
    kv.delete('ns:1', 'gone');
    kv.delete('ns:1', 'never there');
    expect(readFileSync(path, 'utf8')).toBe(
      '{"configTable":{"ORDER_TOPIC_CONFIG":{"TopicOrder":"broker-a:4;broker-b:4"},"ns:1":{"schlüssel;":"wert \\"ü\\" \\\\ ☃"}}}',
    );
    expect(opened().get('ns:1', 'schlüssel;')).toBe('wert "ü" \\ ☃');
  });

  it('keeps a namespace whose last key was deleted, and one whose value was absent', () => {
    const kv = opened();
    kv.put('ns', 'k', 'v');
    kv.delete('ns', 'k');
    kv.put('empty', 'k', undefined);
    expect([...(opened().namespace('ns') ?? ['missing'])]).toEqual([]);
    expect([...(opened().namespace('empty') ?? ['missing'])]).toEqual([]);
    expect(opened().namespace('other')).toBeUndefined();
  });

  it.each([
    ['torn', '{"configTable":{"a":{"b"'],
    ['no object', '[1'],
    ['null', 'null'],
    ['nonsense', 'x=y'],
  ])('does not start over a file that is %s', (_name, content) => {
    mkdirSync(`${directory}/namesrv`);
    writeFileSync(path, content);
    expect(opened).toThrow(expect.objectContaining({ code: 'KV_CONFIG_UNREADABLE' }));
  });

  it('reads files with nulls and without a table', () => {
    mkdirSync(`${directory}/namesrv`);
    writeFileSync(path, '{"configTable":{"a":null,"b":{"k":null,"l":"v"}}}');
    expect(opened().get('b', 'l')).toBe('v');
    expect(opened().get('b', 'k')).toBeUndefined();
    writeFileSync(path, '{}');
    expect(opened().namespace('a')).toBeUndefined();
  });

  it('does not make a change that it cannot write', () => {
    const kv = opened();
    kv.put('ns', 'k', 'v');
    const broken = new KvConfig(
      {
        ...methods(files),
        replace: () => {
          throw new Error('disk full');
        },
      },
      path,
    );
    broken.load();
    expect(() => broken.put('ns', 'k', 'w')).toThrow('disk full');
    expect(() => broken.put('new', 'k', 'w')).toThrow('disk full');
    expect(() => broken.delete('ns', 'k')).toThrow('disk full');
    expect(broken.get('ns', 'k')).toBe('v');
    expect(broken.namespace('new')).toBeUndefined();
  });
});

/** An object of a class as a plain one that can be spread. */
function methods<T extends object>(of: T): T {
  const bound: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(of))) {
    const member = (of as Record<string, unknown>)[name];
    if (typeof member === 'function') bound[name] = member.bind(of);
  }
  return { ...of, ...bound } as T;
}
