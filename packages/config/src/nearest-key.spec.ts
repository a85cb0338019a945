import * as fc from 'fast-check';
import { editDistance, nearestKey } from './nearest-key';
import { brokerConfig, controllerConfig, remotingClientConfig } from './schemas';

const known = [brokerConfig, controllerConfig, remotingClientConfig].flatMap(({ keys }) => Object.keys(keys));

describe('nearestKey', () => {
  it.each([
    ['isProcessReadEvent', 'processReadEvent'],
    ['isScanAvailableNameSrv', 'scanAvailableNameSrv'],
    ['ListenPort', 'listenPort'],
    ['listen-port', 'listenPort'],
    ['listenprot', 'listenPort'],
    ['namesrvAddrs', 'namesrvAddr'],
    ['nameserverAddr', 'namesrvAddr'],
    ['allAckInSyncStateset', 'allAckInSyncStateSet'],
    ['controllerDLedgerPeers', 'controllerDLegerPeers'],
    ['controllerAddress', 'controllerAddr'],
    ['mappedFileSizeCommitlog', 'mappedFileSizeCommitLog'],
    ['warmMappedFileEnable', 'warmMapedFileEnable'],
    ['brokerIP3', 'brokerIP1'],
    ['somethingElseAltogether', undefined],
    ['x', undefined],
  ])('%s: %s', (wrong, right) => {
    expect(nearestKey(wrong, known)).toBe(right);
  });
});

/** The definition, without a table. */
function naiveDistance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  const same = naiveDistance(restA, restB) + (a[0] === b[0] ? 0 : 1);
  const swapped = a.length > 1 && a[0] === b[1] && a[1] === b[0] ? naiveDistance(a.slice(2), b.slice(2)) + 1 : Infinity;
  return Math.min(same, swapped, naiveDistance(restA, b) + 1, naiveDistance(a, restB) + 1);
}

test('editDistance is what its definition says', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
  fc.assert(fc.property(word, word, (a, b) => expect(editDistance(a, b)).toBe(naiveDistance(a, b))));
});
