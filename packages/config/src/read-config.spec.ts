import { flag, int, text } from './key-spec';
import { parseProperties } from './properties';
import { defaultsOf, readConfig, readValue } from './read-config';
import { schema } from './schema';
import { anyMachine } from './machine-defaults';

const engine = schema('engine', {
  wheels: int(4, { min: 2, max: 8, doc: 'wheels' }),
  garage: text((machine) => `${machine.homeDir}/garage`, { doc: 'where it stands' }),
  turbo: flag(false, { accepted: 'no effect', reason: 'there is no turbo', doc: 'speed' }),
});
const cabin = schema('cabin', { seats: int(5, { doc: 'seats' }), wheels: int(1, { doc: 'steering wheels' }) });

const read = (lines: string) =>
  readConfig([engine, cabin], parseProperties(lines), 'car.conf', { ...anyMachine, homeDir: '/h' });

describe('readConfig', () => {
  it('has defaults for all keys, the first schema before the others', () => {
    expect(read('')).toEqual({
      values: { wheels: 4, garage: '/h/garage', turbo: false, seats: 5 },
      warnings: [],
      hints: [],
    });
  });

  it('gives typed values of all schemas', () => {
    const { values } = read('wheels = 6\nseats=2');
    const sum: number = values.wheels + values.seats;
    expect(sum).toBe(8);
    expect(readConfig(cabin, new Map([['seats', ' 3 ']]), 'x').values.seats).toBe(3);
  });

  it('warns about keys that no schema has, and names the nearest', () => {
    expect(read('Wheels=6\nrudder=1').warnings).toEqual([
      'unknown key Wheels in car.conf is ignored; did you mean wheels?',
      'unknown key rudder in car.conf is ignored',
    ]);
  });

  it('puts keys that resemble none into one line', () => {
    const license = '<!--\n Licensed to\n contributor agreements\n this work\n The ASF\n (the "License")\n-->\nseats=3';
    expect(read(license).warnings).toEqual([
      'unknown keys in car.conf are ignored: <!--, Licensed, contributor, this, The and 2 more',
    ]);
  });

  it('says which set keys have no effect, unless they say what holds anyway', () => {
    expect(read('turbo=true').hints).toEqual(['turbo in car.conf has no effect: there is no turbo']);
    expect(read('turbo=false').hints).toEqual([]);
    expect(read('turbo=on').warnings).toEqual(['turbo in car.conf: "on" is read as false; expected true or false']);
  });

  it('refuses a value that cannot be read, with key, file, expected and found', () => {
    expect(() => read('wheels=four')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_BAD_VALUE',
        key: 'wheels',
        expected: 'a whole number from 2 to 8',
        found: 'four',
        message: 'wheels in car.conf: expected a whole number from 2 to 8, found "four"',
      }),
    );
    expect(() => read('wheels=')).toThrow(/found nothing \(leave the key out to keep its default\)/);
  });

  it('does not confuse keys with what every object has', () => {
    expect(read('constructor=1\n__proto__=2').warnings).toEqual([
      'unknown keys in car.conf are ignored: constructor, __proto__',
    ]);
  });
});

test('a secret is not repeated in an error', () => {
  const secret = int(0, { secret: true, doc: 'a number to be kept' });
  expect(() => readValue('pin', secret, '12x4', 'x')).toThrow(
    expect.objectContaining({ found: '***', message: expect.not.stringContaining('12x4') }),
  );
});

test('defaultsOf gives every default', () => {
  expect(defaultsOf(cabin)).toEqual({ seats: 5, wheels: 1 });
});
