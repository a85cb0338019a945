import { parseAddress, splitAddresses } from './address';

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:9876', { host: '127.0.0.1', port: 9876 }],
    [' broker-a.example:10911 ', { host: 'broker-a.example', port: 10911 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['fe80::1:80', { host: 'fe80::1', port: 80 }],
    ['a:0', { host: 'a', port: 0 }],
    ['a:65535', { host: 'a', port: 65535 }],
  ])('reads %s', (text, expected) => expect(parseAddress(text)).toEqual(expected));

  it.each(['', ':80', 'a', 'a:', 'a:65536', 'a:-1', 'a:80x', 'a:1e3', 'a:999999'])('refuses "%s"', (text) =>
    expect(parseAddress(text)).toBeUndefined(),
  );
});

it('splits a list without blanks and empty items', () => {
  expect(splitAddresses(' a:1; b:2 ;;')).toEqual(['a:1', 'b:2']);
  expect(splitAddresses('')).toEqual([]);
});
