import { ResponseCode } from '@batonmq/remoting';

export interface SendOutcome {
  readonly code: number;
  readonly remark?: string;
  /** Whether the message is in the log, so that the answer carries its offsets. */
  readonly stored: boolean;
}

const SENT: SendOutcome = { code: ResponseCode.SUCCESS, stored: true };
const DISK_TIMEOUT: SendOutcome = {
  code: ResponseCode.FLUSH_DISK_TIMEOUT,
  remark: 'the message is stored, but not flushed in time',
  stored: true,
};
const SLAVE_TIMEOUT: SendOutcome = {
  code: ResponseCode.FLUSH_SLAVE_TIMEOUT,
  remark: 'the message is stored, but not replicated in time',
  stored: true,
};
const ROLE_LOST: SendOutcome = {
  code: ResponseCode.SERVICE_NOT_AVAILABLE,
  remark: 'service not available now: the broker lost the master role before the message was replicated',
  stored: false,
};
const STORE_FAILED: SendOutcome = {
  code: ResponseCode.SERVICE_NOT_AVAILABLE,
  remark: 'service not available now: the store failed to write',
  stored: false,
};

/** What the ack rule needs to know about disk and replicas. */
export interface ConfirmationPorts {
  /** Calls back when the log up to `endOffset` is written, or synced where the flush mode asks for it. */
  readonly whenDurable: (endOffset: number, done: (result: 'ok' | 'timeout' | 'failed') => void) => void;
  /** Calls back when enough replicas have it. */
  readonly whenReplicated: (endOffset: number, done: (result: 'ok' | 'timeout' | 'not-master') => void) => void;
  readonly canAccept: () => 'ok' | 'not-master' | 'not-enough-in-sync';
}

/** Holds an answer back until what it promises is true. Disk and replicas are waited for side by side; replicas count more. */
export class Confirmation {
  constructor(private readonly ports: ConfirmationPorts) {}

  /** Why no message may be appended now, undefined when one may (broker.md 2.6). */
  refusal(): { code: number; remark: string } | undefined {
    switch (this.ports.canAccept()) {
      case 'ok':
        return undefined;
      case 'not-master':
        return {
          code: ResponseCode.SERVICE_NOT_AVAILABLE,
          remark: 'service not available now: this broker is not master',
        };
      case 'not-enough-in-sync':
        return {
          code: ResponseCode.SYSTEM_ERROR,
          remark: 'the in-sync replicas are not enough: IN_SYNC_REPLICAS_NOT_ENOUGH',
        };
    }
  }

  /** @param patient false for WAIT=false: neither disk nor replicas are waited for, only the write itself */
  whenSafe(endOffset: number, patient: boolean, done: (outcome: SendOutcome) => void): void {
    let disk: 'ok' | 'timeout' | 'failed' | undefined;
    let replicas: 'ok' | 'timeout' | 'not-master' | undefined = patient ? undefined : 'ok';
    const settle = (): void => {
      if (disk !== undefined && replicas !== undefined) done(outcomeOf(disk, replicas));
    };
    this.ports.whenDurable(endOffset, (result) => {
      disk = result;
      settle();
    });
    if (!patient) return;
    this.ports.whenReplicated(endOffset, (result) => {
      replicas = result;
      settle();
    });
  }
}

function outcomeOf(disk: 'ok' | 'timeout' | 'failed', replicas: 'ok' | 'timeout' | 'not-master'): SendOutcome {
  if (disk === 'failed') return STORE_FAILED;
  if (replicas === 'not-master') return ROLE_LOST;
  if (replicas === 'timeout') return SLAVE_TIMEOUT;
  return disk === 'timeout' ? DISK_TIMEOUT : SENT;
}
