const SETUP = 1;
const RESUME = 13;

/**
 * Whether a connection begins with an RSocket SETUP or RESUME frame (else it may be RocketMQ's remoting). Eight bytes do
 * not quite tell: a JSON frame whose length is a multiple of 256 can look the same; the ninth byte decides, which is
 * `{` there, and here the low flag bits, all 0.
 *
 *     0           3              7                 9
 *     | length u24 | stream id 0 | type u6 flags u10 | ...
 *
 * @param first the bytes so far, nine are enough
 */
export function looksLikeRSocket(first: Buffer): 'rsocket' | 'other' | 'need-more' {
  for (let at = 3; at < 7 && at < first.length; at++) if (first[at] !== 0) return 'other';
  if (first.length < 9) return 'need-more';
  const type = (first[7] as number) >>> 2;
  return (type === SETUP || type === RESUME) && ((first[8] as number) & 0x3f) === 0 ? 'rsocket' : 'other';
}
