import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { int, readConfig, schema, text } from '@batonmq/config';
import { BatonError } from '@batonmq/host';
import { launch, type Program } from './launch';

const keys = schema('greeter', {
  greeting: text('hello', { doc: 'what it says' }),
  times: int(1, { doc: 'how often', min: 1 }),
  password: text('unsaid', { doc: 'what it never says', secret: true }),
});

describe('launch', () => {
  jest.setTimeout(60_000);
  const directory = mkdtempSync(`${tmpdir()}/launcher-spec-`);
  const file = `${directory}/greeter.conf`;
  const steps: string[] = [];
  let out = '';
  let err = '';

  const program: Program = {
    name: 'greeter',
    description: 'Says something',
    schemas: [keys],
    important: ['times'],
    compose: (_host, { map, source, machine }) => {
      const { values } = readConfig(keys, map, source, machine);
      const part = (name: string, fails: boolean) => ({
        start: async () => {
          steps.push(`start ${name}`);
          if (fails) throw new BatonError('PORT_TAKEN', 'the port is taken');
        },
        stop: async () => void steps.push(`stop ${name}`),
      });
      return {
        parts: [part('first', false), part('second', values.greeting === 'fail')],
        ready: () => [`ready: ${values.greeting}`],
      };
    },
  };
  const run = (config: string, ...flags: string[]): Promise<number> => {
    writeFileSync(file, config);
    return launch(program, ['node', 'greeter', '-c', file, ...flags]);
  };

  beforeAll(() => {
    // Jest's own channel to its workers is not ours to talk to.
    Object.defineProperty(process, 'channel', { value: undefined, configurable: true });
    Object.defineProperty(process, 'send', { value: undefined, configurable: true });
    jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      out += String(chunk);
      if (String(chunk).startsWith('ready')) process.emit('SIGTERM', 'SIGTERM');
      return true;
    });
    jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      err += String(chunk);
      return true;
    });
  });
  beforeEach(() => {
    steps.length = 0;
    out = err = '';
  });
  afterAll(() => {
    jest.restoreAllMocks();
    rmSync(directory, { recursive: true });
  });

  it('starts the parts, says ready, and stops them in reverse on a signal', async () => {
    expect(await run('greeting=good day\n')).toBe(0);
    expect(out).toContain('ready: good day\n');
    expect(steps).toEqual(['start first', 'start second', 'stop second', 'stop first']);
    expect(err).toBe('');
  });

  it('ends with 1 and one line when a part cannot start', async () => {
    expect(await run('greeting=fail\n')).toBe(1);
    expect(err).toBe('greeter: the port is taken [PORT_TAKEN]\n');
    expect(steps.slice(0, 2)).toEqual(['start first', 'start second']);
    expect(steps).toContain('stop first');
    expect(out).not.toContain('ready');
  });

  it('ends with 1 and one line when the configuration is wrong', async () => {
    expect(await run('times=often\n')).toBe(1);
    expect(err).toMatch(/^greeter: .*times.*\[CONFIG_BAD_VALUE\]\n$/s);
    expect(await launch(program, ['node', 'greeter', '-c', `${directory}/none.conf`])).toBe(1);
    expect(err).toMatch(/\[CONFIG_NOT_FOUND\]\n$/);
    expect(steps).toEqual([]);
  });

  it('warns about keys it does not know', async () => {
    await run('greetin=hi\n');
    expect(err).toMatch(/^greeter: .*greetin.*greeting/);
  });

  it.each([
    ['-p', ['greeting=hi', 'times=1']],
    ['-m', ['times=1']],
  ])('with %s prints keys without secrets, and starts nothing', async (flag, lines) => {
    expect(await run('greeting=hi\npassword=secret\n', flag)).toBe(0);
    const printed = out.split('\n').filter((line) => line.includes('='));
    expect(printed.map((line) => line.replace(/\s*=\s*/, '='))).toEqual(lines);
    expect(steps).toEqual([]);
  });

  it('stops what has started when the signal comes during the start', async () => {
    const part = (name: string, start: () => void) => ({
      start: async () => {
        steps.push(`start ${name}`);
        start();
        await new Promise((resolve) => setImmediate(resolve));
      },
      stop: async () => void steps.push(`stop ${name}`),
    });
    const parts = [part('first', () => {}), part('second', () => process.emit('SIGTERM', 'SIGTERM'))];
    const slow: Program = { ...program, compose: () => ({ parts, ready: () => ['never said'] }) };
    expect(await launch(slow, ['node', 'greeter'])).toBe(0);
    expect(steps).toEqual(['start first', 'start second', 'stop second', 'stop first']);
    expect(out).not.toContain('never said');
  });
});
