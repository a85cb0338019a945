import { randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { nodeChecksums, nodeCompression, nodeMachine } from './machine';

describe('checksums', () => {
  it('are those of zip and RFC 2202', () => {
    expect(nodeChecksums.crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    const first = nodeChecksums.crc32(Buffer.from('12345'));
    expect(nodeChecksums.crc32(Buffer.from('6789'), first)).toBe(0xcbf43926);
    const mac = nodeChecksums.hmacSha1(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?'));
    expect(mac.toString('hex')).toBe('effcdf6ae5eb2fa2d27416d5f184df9c259a7c79');
  });
});

describe('compression', () => {
  it('gives back what it was given, as a zlib stream', () => {
    const bytes = Buffer.concat([Buffer.alloc(5000, 'a'), randomBytes(5000)]);
    const small = nodeCompression.deflate(bytes, 5);
    expect(small[0]).toBe(0x78);
    expect(nodeCompression.inflate(small, 10_000).equals(bytes)).toBe(true);
  });

  it('refuses what is damaged, cut, or too large', () => {
    const small = nodeCompression.deflate(Buffer.alloc(10_000));
    const refused = expect.objectContaining({ code: 'COMPRESSION' });
    expect(() => nodeCompression.inflate(small, 9999)).toThrow(refused);
    expect(() => nodeCompression.inflate(small.subarray(0, small.length - 2), 10_000)).toThrow(refused);
    expect(() => nodeCompression.inflate(Buffer.from('not zlib'), 100)).toThrow(refused);
  });
});

it('knows the machine', () => {
  const machine = nodeMachine();
  expect(machine.pid).toBe(process.pid);
  expect(isIPv4(machine.address)).toBe(true);
  expect(machine.totalMemoryBytes).toBeGreaterThan(machine.residentBytes());
  if (process.platform === 'linux') expect(machine.bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect(nodeMachine().bootId).toBe(machine.bootId);
});
