import { ResponseCode } from '@batonmq/remoting';
import { Confirmation, type ConfirmationPorts, type SendOutcome } from './confirmation';

type Disk = 'ok' | 'timeout' | 'failed';
type Replicas = 'ok' | 'timeout' | 'not-master';

const { SUCCESS, FLUSH_DISK_TIMEOUT, FLUSH_SLAVE_TIMEOUT, SERVICE_NOT_AVAILABLE, SYSTEM_ERROR } = ResponseCode;

/** Ports whose answers the test gives. */
class Ports implements ConfirmationPorts {
  disk: (result: Disk) => void = () => {};
  replicas: ((result: Replicas) => void) | undefined;
  readonly whenDurable: ConfirmationPorts['whenDurable'] = (_end, done) => void (this.disk = done);
  readonly whenReplicated: ConfirmationPorts['whenReplicated'] = (_end, done) => void (this.replicas = done);
  readonly canAccept = () => 'ok' as const;
}

describe('whenSafe', () => {
  it.each<[Disk, Replicas, number, boolean]>([
    ['ok', 'ok', SUCCESS, true],
    ['timeout', 'ok', FLUSH_DISK_TIMEOUT, true],
    ['ok', 'timeout', FLUSH_SLAVE_TIMEOUT, true],
    ['timeout', 'timeout', FLUSH_SLAVE_TIMEOUT, true],
    ['ok', 'not-master', SERVICE_NOT_AVAILABLE, false],
    ['timeout', 'not-master', SERVICE_NOT_AVAILABLE, false],
    ['failed', 'ok', SERVICE_NOT_AVAILABLE, false],
    ['failed', 'timeout', SERVICE_NOT_AVAILABLE, false],
    ['failed', 'not-master', SERVICE_NOT_AVAILABLE, false],
  ])('disk %s, replicas %s: code %i, stored %s, in either order', (disk, replicas, code, stored) => {
    for (const diskFirst of [true, false]) {
      const ports = new Ports();
      const outcomes: SendOutcome[] = [];
      new Confirmation(ports).whenSafe(100, true, (outcome) => outcomes.push(outcome));
      const answers = [() => ports.disk(disk), () => ports.replicas?.(replicas)];
      const [first, second] = diskFirst ? answers : answers.reverse();
      first?.();
      expect(outcomes).toEqual([]);
      second?.();
      expect(outcomes).toMatchObject([{ code, stored }]);
    }
  });

  it.each<[Disk, number]>([
    ['ok', SUCCESS],
    ['failed', SERVICE_NOT_AVAILABLE],
  ])('with WAIT=false the replicas are not asked, disk %s', (disk, code) => {
    const ports = new Ports();
    const outcomes: SendOutcome[] = [];
    new Confirmation(ports).whenSafe(100, false, (outcome) => outcomes.push(outcome));
    ports.disk(disk);
    expect(ports.replicas).toBeUndefined();
    expect(outcomes).toMatchObject([{ code }]);
  });
});

it.each([
  ['ok' as const, undefined],
  ['not-master' as const, SERVICE_NOT_AVAILABLE],
  ['not-enough-in-sync' as const, SYSTEM_ERROR],
])('before the append, %s is answered with %p', (state, code) => {
  const confirmation = new Confirmation({ whenDurable: jest.fn(), whenReplicated: jest.fn(), canAccept: () => state });
  expect(confirmation.refusal()?.code).toBe(code);
});
