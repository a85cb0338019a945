import { OLDEST_VERSION, PROTOCOL_VERSION, decodeHello, encodeHello, type Hello } from '../proto/codec';
import { helloTo, judgeHello } from './handshake';

const peers = ['a', 'b', 'c'].map((id) => ({ id, address: '127.0.0.1:1' }));
const a = { group: 'g', id: 'a', peers };
const b = { group: 'g', id: 'b', peers };

it('two members of a group accept each other, over the wire', () => {
  expect(judgeHello(b, decodeHello(encodeHello(helloTo(a, 'b'))))).toEqual({ accepted: true, peer: 'a' });
});

it.each<[string, Partial<Hello>, RegExp]>([
  ['of another group', { group: 'other' }, /node a is of group other, not g/],
  ['who is not known', { from: 'x' }, /node x is not a member of group g/],
  ['who is this node', { from: 'b' }, /node b is not a member/],
  ['who looks for somebody else', { to: 'c' }, /node a looks for c, this is b/],
  ['who refuses', { refusal: 'no' }, /the peer refuses: no/],
  [
    'that is too new',
    { protocolVersion: 9, oldestVersion: PROTOCOL_VERSION + 1 },
    /speaks versions 2 to 9, node b 1 to 1/,
  ],
  ['that is too old', { protocolVersion: OLDEST_VERSION - 1, oldestVersion: 0 }, /speaks versions 0 to 0/],
])('refuses a peer %s', (_, change, because) => {
  expect(judgeHello(b, { ...helloTo(a, 'b'), ...change })).toMatchObject({
    accepted: false,
    because: expect.stringMatching(because),
  });
});

it('accepts a newer version that still speaks this one, and one that does not tell its oldest', () => {
  const newer = { ...helloTo(a, 'b'), protocolVersion: PROTOCOL_VERSION + 3, oldestVersion: PROTOCOL_VERSION };
  expect(judgeHello(b, newer)).toMatchObject({ accepted: true });
  const silent = decodeHello(encodeHello({ ...helloTo(a, 'b'), oldestVersion: 0 }));
  expect(silent.oldestVersion).toBe(PROTOCOL_VERSION);
  expect(judgeHello(b, silent)).toMatchObject({ accepted: true });
});
