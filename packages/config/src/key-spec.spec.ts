import { choice, flag, int, type KeySpec, long, optionalText, ratio, text } from './key-spec';

const doc = 'x';
const port = int(1, { min: 0, max: 65535, doc });
const any = int(1, { doc });
const sinceOne = long(1, { min: 1, unit: 'ms', doc });
const kind = choice(['A', 'Bee'], 'A', { doc, aliases: { '0': 'A' } });
const lenient = choice(['A', 'Bee'], 'A', { doc, otherwise: 'A' });

describe('what a key reads', () => {
  it.each<[string, KeySpec<unknown>, string, unknown]>([
    ['text', text('', { doc }), 'a b', 'a b'],
    ['optional text', optionalText({ doc }), 'x', 'x'],
    ['empty optional text', optionalText({ doc }), '', undefined],
    ['int', any, '-17', -17],
    ['int with a plus', any, '+17', 17],
    ['minus nothing', any, '-0', 0],
    ['largest int', any, '2147483647', 2147483647],
    ['lowest port', port, '0', 0],
    ['long', sinceOne, '17179869184', 17179869184],
    ['largest exact long', sinceOne, '9007199254740991', 9007199254740991],
    ['double', ratio(1, { doc }), '.5e1', 5],
    ['Java double', ratio(1, { doc }), '0.8d', 0.8],
    ['true', flag(false, { doc }), 'TRUE', true],
    ['false', flag(true, { doc }), 'False', false],
    ['word', kind, 'Bee', 'Bee'],
    ['word in another case', kind, 'BEE', 'Bee'],
    ['alias', kind, '0', 'A'],
  ])('%s', (_what, spec, value, expected) => {
    expect(spec.read(value)).toEqual({ ok: true, value: expected });
  });

  it.each<[string, KeySpec<unknown>, string, unknown, RegExp]>([
    ['yes is false in Java', flag(true, { doc }), 'yes', false, /"yes" is read as false/],
    ['nothing is false in Java', flag(true, { doc }), '', false, /expected true or false/],
    ['Long.MAX_VALUE', sinceOne, '9223372036854775807', 9007199254740991, /is read as 9007199254740991/],
    ['a word with a rule for others', lenient, 'x', 'A', /"x" is read as A; expected one of A, Bee/],
  ])('with a warning: %s', (_what, spec, value, expected, warning) => {
    expect(spec.read(value)).toEqual({ ok: true, value: expected, warning: expect.stringMatching(warning) });
  });

  it.each<[string, KeySpec<unknown>, string, string]>([
    ['letters', port, '10911a', 'a whole number from 0 to 65535'],
    ['too much', port, '65536', 'a whole number from 0 to 65535'],
    ['too little', port, '-1', 'a whole number from 0 to 65535'],
    ['nothing', any, '', 'a whole number of at most 32 bits'],
    ['33 bits', any, '2147483648', 'a whole number of at most 32 bits'],
    ['a fraction', any, '1.0', 'a whole number of at most 32 bits'],
    ['hex', any, '0x10', 'a whole number of at most 32 bits'],
    ['below the least long', sinceOne, '0', 'a whole number from 1 on (ms)'],
    ['a huge negative', sinceOne, '-9223372036854775808', 'a whole number from 1 on (ms)'],
    ['65 bits', sinceOne, '9223372036854775808', 'a whole number from 1 on (ms)'],
    ['NaN', ratio(1, { doc }), 'NaN', 'a number'],
    ['too large a ratio', ratio(1, { min: 0, max: 1, doc }), '1.5', 'a number from 0 to 1'],
    ['an unknown word', kind, 'C', 'one of A, Bee'],
    ['a word of every object', kind, 'constructor', 'one of A, Bee'],
  ])('refuses %s', (_what, spec, value, expected) => {
    expect(spec.read(value)).toEqual({ ok: false, expected });
  });
});
