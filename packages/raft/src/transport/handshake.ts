import { OLDEST_VERSION, PROTOCOL_VERSION, type Hello } from '../proto/codec';
import type { NodeId } from '../core/types';
import type { TransportIdentity } from './transport';

export type Verdict =
  | {
      readonly accepted: true;
      readonly peer: NodeId;
      /** Not known here, but of a later configuration than this node knows to be committed: to be answered there. */
      readonly stranger?: { readonly address: string; readonly peersIndex: number };
    }
  | { readonly accepted: false; readonly because: string };

export function helloTo(identity: TransportIdentity, to: NodeId, refusal = ''): Hello {
  const versions = { protocolVersion: PROTOCOL_VERSION, oldestVersion: OLDEST_VERSION };
  const { group, id: from, peers, peersIndex = 0 } = identity;
  const address = peers.find((peer) => peer.id === from)?.address ?? '';
  return { ...versions, group, from, to, refusal, address, peersIndex };
}

/**
 * Whether to talk to who says this hello: same group, a known member or one of a later configuration, meant for this
 * node, a version we speak.
 */
export function judgeHello(identity: TransportIdentity, hello: Hello): Verdict {
  const refuse = (because: string): Verdict => ({ accepted: false, because });
  if (hello.refusal !== '') return refuse(`the peer refuses: ${hello.refusal}`);
  if (hello.oldestVersion > PROTOCOL_VERSION || hello.protocolVersion < OLDEST_VERSION) {
    const theirs = `${hello.oldestVersion} to ${hello.protocolVersion}`;
    return refuse(
      `node ${hello.from} speaks versions ${theirs}, node ${identity.id} ${OLDEST_VERSION} to ${PROTOCOL_VERSION}`,
    );
  }
  if (hello.group !== identity.group)
    return refuse(`node ${hello.from} is of group ${hello.group}, not ${identity.group}`);
  if (hello.to !== identity.id) return refuse(`node ${hello.from} looks for ${hello.to}, this is ${identity.id}`);
  if (hello.from !== identity.id && identity.peers.some((peer) => peer.id === hello.from)) {
    return { accepted: true, peer: hello.from };
  }
  const { peersIndex = 0 } = hello;
  if (hello.from === identity.id || peersIndex <= (identity.settledIndex ?? 0)) {
    return refuse(`node ${hello.from} is not a member of group ${identity.group}`);
  }
  return { accepted: true, peer: hello.from, stranger: { address: hello.address ?? '', peersIndex } };
}
