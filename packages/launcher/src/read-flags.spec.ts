import { readFlags } from './read-flags';

const read = (...flags: string[]) => readFlags('mqbroker', 'A broker', ['node', 'mqbroker', ...flags]);

describe('readFlags', () => {
  const silenced = [
    jest.spyOn(process.stdout, 'write').mockReturnValue(true),
    jest.spyOn(process.stderr, 'write').mockReturnValue(true),
  ];
  afterAll(() => silenced.forEach((spy) => spy.mockRestore()));

  it.each([
    [[], {}],
    [['-c', 'b.conf'], { configFile: 'b.conf' }],
    [['--configFile', 'b.conf', '--namesrvAddr', 'a:1;b:2'], { configFile: 'b.conf', namesrvAddr: 'a:1;b:2' }],
    [['-n', 'a:1'], { namesrvAddr: 'a:1' }],
    [['-p'], { printConfigItem: true }],
    [['-m'], { printImportantConfig: true }],
  ])('%j is read as %j', (flags, expected) => {
    expect(read(...flags)).toEqual({ kind: 'run', flags: expected });
  });

  it.each([
    [['-h'], 0],
    [['-x'], 1],
    [['-c'], 1],
    [['start'], 1],
  ])('%j ends the program with %i', (flags, code) => {
    expect(read(...flags)).toEqual({ kind: 'exit', code });
  });
});
