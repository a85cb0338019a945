import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import { loadConfigFile } from './load-config-file';

describe('loadConfigFile', () => {
  const { files } = nodeHost(silentLog);
  const directory = mkdtempSync(join(tmpdir(), 'baton-config-'));
  const path = join(directory, 'x.conf');
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([
    ['UTF-8', Buffer.from('\uFEFFbrokerName = größe', 'utf8')],
    ['ISO 8859-1', Buffer.from('brokerName = größe', 'latin1')],
  ])('reads %s', (_encoding, bytes) => {
    writeFileSync(path, bytes);
    expect(loadConfigFile(files, path)).toEqual(new Map([['brokerName', 'größe']]));
  });

  it.each([
    ['zero bytes', Buffer.from('a=1\0'), /x\.conf is not text/],
    ['a broken escape', Buffer.from('a=\\user'), /x\.conf, line 1/],
  ])('refuses %s', (_what, bytes, message) => {
    writeFileSync(path, bytes);
    expect(() => loadConfigFile(files, path)).toThrow(
      expect.objectContaining({ code: 'CONFIG_UNREADABLE', message: expect.stringMatching(message) }),
    );
  });

  it('says that there is no file', () => {
    expect(() => loadConfigFile(files, join(directory, 'gone'))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_NOT_FOUND',
        message: expect.stringContaining('check the path given with -c'),
      }),
    );
  });

  it('says why a file cannot be read', () => {
    expect(() => loadConfigFile(files, directory)).toThrow(
      expect.objectContaining({ code: 'CONFIG_UNREADABLE', message: expect.stringContaining('directory') }),
    );
    const broken = {
      ...files,
      stat: () => undefined,
      readAll: () => {
        throw new Error('EACCES');
      },
    };
    expect(() => loadConfigFile(broken, path)).toThrow(
      expect.objectContaining({ code: 'CONFIG_UNREADABLE', message: expect.stringContaining('EACCES') }),
    );
  });
});
