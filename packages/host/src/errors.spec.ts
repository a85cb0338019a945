import { BatonError, HostError, codeOf, textOf } from './errors';

describe('BatonError', () => {
  it('carries code, hint and cause, and names its class', () => {
    const cause = new Error('inner');
    const error = new HostError('DISK_FULL', 'cannot write /f', { hint: 'free some space', cause });
    expect(error).toBeInstanceOf(BatonError);
    expect(error.name).toBe('HostError');
    expect([error.code, error.hint, error.cause]).toEqual(['DISK_FULL', 'free some space', cause]);
    expect(error.message).toBe('cannot write /f (free some space)');
    expect(new HostError('NETWORK', 'plain').message).toBe('plain');
  });

  it('is recognised by code, whatever its class', () => {
    expect(codeOf(Object.assign(new Error(), { code: 'ENOENT' }))).toBe('ENOENT');
    for (const other of [new Error('x'), undefined, null, 'text', { code: 5 }]) expect(codeOf(other)).toBeUndefined();
  });

  it('has one line of text', () => {
    expect(textOf(new Error('x'))).toBe('x');
    expect(textOf('y')).toBe('y');
    expect(textOf(undefined)).toBe('undefined');
  });
});
