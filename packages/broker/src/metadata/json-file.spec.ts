import { silentLog, type Files } from '@batonmq/host';
import { JsonFile } from './json-file';

describe('JsonFile', () => {
  let disk: Map<string, string>;
  const make = (): JsonFile => {
    const files = {
      readAll: (path: string) => (disk.has(path) ? Buffer.from(disk.get(path) as string) : undefined),
      replace: (path: string, content: Buffer | string) => void disk.set(path, String(content)),
    };
    return new JsonFile({ files: files as unknown as Files, log: silentLog }, '/t.json');
  };

  it.each([
    ['nothing', {}, undefined],
    ['an empty file', { '/t.json': '' }, undefined],
    ['the file', { '/t.json': '{"a":1}', '/t.json.bak': '{"a":0}' }, { a: 1 }],
    ['its .bak when it is gone', { '/t.json.bak': '{"a":0}' }, { a: 0 }],
    ['its .bak when it is empty', { '/t.json': '', '/t.json.bak': '{"a":0}' }, { a: 0 }],
    ['its .bak when it is damaged', { '/t.json': '{"a":', '/t.json.bak': '{"a":0}' }, { a: 0 }],
  ])('reads %s', (_what, content, expected) => {
    disk = new Map(Object.entries(content));
    expect(make().read()).toEqual(expected);
  });

  it('refuses to start empty over something that cannot be read', () => {
    disk = new Map([['/t.json', '{"a":']]);
    expect(() => make().read()).toThrow(expect.objectContaining({ code: 'METADATA_UNREADABLE' }) as Error);
  });

  it('keeps the former content as .bak', () => {
    disk = new Map();
    const file = make();
    file.write({ a: 1 });
    expect([...disk.keys()]).toEqual(['/t.json']);
    file.write({ a: 2 });
    expect(Object.fromEntries(disk)).toEqual({ '/t.json': '{"a":2}', '/t.json.bak': '{"a":1}' });
  });

  it('does not put a damaged file over the .bak it was read from', () => {
    disk = new Map([
      ['/t.json', '{"a":'],
      ['/t.json.bak', '{"a":0}'],
    ]);
    const file = make();
    file.read();
    file.write({ a: 1 });
    expect(Object.fromEntries(disk)).toEqual({ '/t.json': '{"a":1}', '/t.json.bak': '{"a":0}' });
    file.write({ a: 2 });
    expect(disk.get('/t.json.bak')).toBe('{"a":1}');
  });
});
