import { nodeChecksums } from '@batonmq/host';
import { World } from '@batonmq/simulator';
import { EpochFile } from './epoch-file';
import { decodeEpochs, encodeEpochs } from './epoch-file-format';

const PATH = '/store/epochFileCheckpoint';

function machine() {
  const made = new World({ seed: 5 }).machine('m');
  return made;
}

function open(host: ReturnType<ReturnType<typeof machine>['boot']>): EpochFile {
  host.files.makeDirs('/store');
  const file = new EpochFile(host, PATH);
  file.load();
  return file;
}

const shown = (file: EpochFile): string => file.entries.map((entry) => `${entry.epoch}-${entry.startOffset}`).join(' ');

describe('the format', () => {
  it('is the worked example', () => {
    const entries = [
      { epoch: 1, startOffset: 0 },
      { epoch: 3, startOffset: 4096000 },
    ];
    expect(encodeEpochs(entries, nodeChecksums)).toBe('2\n1525671051\n1-0\n3-4096000\n');
    expect(decodeEpochs('2\n773307083\n7-7000\n8-8000\n', nodeChecksums)).toHaveLength(2);
  });

  it.each([
    ['nothing', ''],
    ['a wrong count', '3\n1525671051\n1-0\n3-4096000\n'],
    ['a wrong CRC', '2\n1525671050\n1-0\n3-4096000\n'],
    ['a first line that is no number', 'x\n1525671051\n1-0\n3-4096000\n'],
    ['a second line that is no number', '2\n\n1-0\n3-4096000\n'],
    ['an entry that is none', '2\n0\n1-0\n3-x\n'],
    ['entries that descend', '2\n0\n3-0\n1-10\n'],
  ])('%s is not a whole file', (_what, text) => {
    expect(decodeEpochs(text, nodeChecksums)).toBeUndefined();
  });

  it('CRC 0 is not checked; CRLF files are read', () => {
    expect(decodeEpochs('1\n0\n1-0\n', nodeChecksums)).toEqual([{ epoch: 1, startOffset: 0 }]);
    const lines = '1-0\r\n3-4096000\r\n';
    const crc = nodeChecksums.crc32(Buffer.from(lines)) & 0x7fffffff;
    expect(decodeEpochs(`2\r\n${crc}\r\n${lines}`, nodeChecksums)).toHaveLength(2);
  });
});

describe('EpochFile', () => {
  it('takes .bak for a damaged or empty main file, and never throws', () => {
    const m = machine();
    const host = m.boot();
    const file = open(host);
    file.append(1, 0);
    file.append(2, 100);
    for (const damage of ['', 'x', '2\n1\n1-0\n2-100\n']) {
      host.files.replace(PATH, damage);
      expect(shown(open(host))).toBe('1-0');
    }
    host.files.replace(`${PATH}.bak`, '');
    expect(shown(open(host))).toBe('');
  });

  it('is durable when append returns, also against power loss', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const m = new World({ seed }).machine('m');
      const host = m.boot();
      host.files.makeDirs('/store');
      host.files.syncDir('/');
      const file = new EpochFile(host, PATH);
      file.append(1, 0);
      file.append(2, 100);
      m.crash();
      expect(shown(open(m.boot()))).toBe('1-0 2-100');
    }
  });

  it('empty-epochs: entries without data give way to a new epoch at the same place', () => {
    const file = open(machine().boot());
    file.append(3, 50);
    file.append(4, 100);
    file.append(5, 100);
    expect(shown(file)).toBe('3-50 5-100');
    file.append(9, 20);
    expect(shown(file)).toBe('9-20');
    expect(() => file.append(9, 30)).toThrow(expect.objectContaining({ code: 'HA_EPOCH_ORDER' }));
    file.append(9, 20);
    expect(shown(file)).toBe('9-20');
  });

  it('epoch-entry-dropped: an entry that starts at the cut stays, it is the newest epoch seen', () => {
    const file = open(machine().boot());
    file.append(1, 0);
    file.append(2, 100);
    file.append(3, 200);
    file.truncateSuffix(100);
    expect(shown(file)).toBe('1-0 2-100');
    file.dropAbove(1);
    expect(shown(file)).toBe('1-0');
  });

  it('prefix: entries whose bytes are all gone go, the last one stays', () => {
    const file = open(machine().boot());
    file.append(1, 0);
    file.append(2, 100);
    file.append(3, 200);
    file.truncatePrefix(99);
    expect(shown(file)).toBe('1-0 2-100 3-200');
    file.truncatePrefix(100);
    expect(shown(file)).toBe('2-100 3-200');
    file.truncatePrefix(10_000);
    expect(shown(file)).toBe('3-200');
  });
});
