import { textOf } from '@batonmq/host';
import { ResponseCode } from '@batonmq/remoting';
import { alterSyncStateSet } from './alter-sync-state-set';
import { applyBrokerId } from './apply-broker-id';
import { brokenInvariant, type BrokerSet, type BrokerSets } from './broker-set';
import { cleanBrokerData } from './clean-broker-data';
import { decodeCommand, type Command } from './command';
import type { Decision, Outcome } from './decision';
import { decideElection } from './elect-master';
import { applyEvent, type Event } from './event';
import { registerBroker } from './register-broker';
import { decodeSnapshot, encodeSnapshot } from './snapshot';

/** The set after the event; undefined when it is gone. */
export type EventListener = (event: Event, set: BrokerSet | undefined) => void;

/**
 * What all controllers of a group agree on. Deterministic: the same commands in the same order give the same state and
 * the same outcomes on every replica. A command is the whole request with the leader's view of liveness in it; it is
 * checked when it is applied, so every check sees all changes accepted before (controller.md 2.3, 4).
 */
export class ControllerStateMachine {
  private table = new Map<string, BrokerSet>();
  private readonly listeners: EventListener[] = [];

  get sets(): BrokerSets {
    return this.table;
  }

  /** Called for every event after it was applied, in order; not for what a snapshot brings. May not throw. */
  onEvent(listener: EventListener): void {
    this.listeners.push(listener);
  }

  /** What would be answered and changed now, without changing it. */
  decide(command: Command): Decision {
    const set = this.table.get(command.brokerName);
    switch (command.kind) {
      case 'alterSyncStateSet':
        return alterSyncStateSet(set, command);
      case 'electMaster':
        return decideElection(set, command);
      case 'registerBroker':
        return registerBroker(set, command);
      case 'applyBrokerId':
        return applyBrokerId(set, command);
      case 'cleanBrokerData':
        return cleanBrokerData(set, command);
      default:
        return failed(`unknown command ${(command satisfies never as Command).kind}`);
    }
  }

  /** Never throws: what cannot be applied is refused alike everywhere, and changes nothing. */
  apply(data: Buffer): Buffer {
    const command = decodeCommand(data);
    const decision = command === undefined ? failed('not a command of this version') : this.attempt(command);
    return encodeOutcome(decision.outcome);
  }

  snapshot(): Buffer {
    return encodeSnapshot(this.table);
  }

  restore(snapshot: Buffer): void {
    this.table = decodeSnapshot(snapshot);
  }

  private attempt(command: Command): Decision {
    try {
      const decision = this.decide(command);
      this.commit(command.brokerName, decision.events);
      return decision;
    } catch (error) {
      return failed(textOf(error));
    }
  }

  private commit(brokerName: string, events: readonly Event[]): void {
    const before = this.table.get(brokerName);
    const steps: (BrokerSet | undefined)[] = [];
    let set = before;
    for (const event of events) {
      const next = applyEvent(set, event);
      const broken = next && brokenInvariant(set, next);
      if (broken !== undefined) throw new Error(`${brokerName}: ${broken}`);
      steps.push(next);
      set = next;
    }
    if (set === undefined) this.table.delete(brokerName);
    else this.table.set(brokerName, set);
    events.forEach((event, at) => this.listeners.forEach((listener) => listener(event, steps[at])));
  }
}

function failed(remark: string): Decision {
  return { outcome: { code: ResponseCode.SYSTEM_ERROR, remark }, events: [] };
}

function encodeOutcome(outcome: Outcome): Buffer {
  return Buffer.from(JSON.stringify(outcome), 'utf8');
}

/** Reads what {@link ControllerStateMachine.apply} returned. */
export function decodeOutcome(bytes: Buffer): Outcome {
  return JSON.parse(bytes.toString('utf8')) as Outcome;
}
