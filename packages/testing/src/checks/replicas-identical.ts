import { firstFew, type Check } from './check';
import type { ReplicaState } from './final-state';

/**
 * In the end every replica has the same log up to the master's confirm offset, byte by byte, the same history of epochs,
 * and queues that say the same of it.
 */
export const replicasIdentical: Check = {
  name: 'replicas are identical',
  run({ final: { master, slaves } }) {
    const wrong: string[] = [];
    for (const slave of slaves) {
      wrong.push(...logDiffers(master, slave), ...queuesDiffer(master, slave));
      const [own, other] = [JSON.stringify(master.epochs), JSON.stringify(slave.epochs)];
      if (own !== other) wrong.push(`epochs of ${master.node.name} are ${own}, of ${slave.node.name} ${other}`);
    }
    return firstFew(wrong);
  },
};

function logDiffers(master: ReplicaState, slave: ReplicaState): string[] {
  const { confirmOffset } = master;
  if (slave.maxOffset < confirmOffset)
    return [`the log of ${slave.node.name} ends at ${slave.maxOffset}, below the confirm offset ${confirmOffset}`];
  const [own, other] = [master.node.service?.store.log, slave.node.service?.store.log];
  for (let at = Math.max(master.minOffset, slave.minOffset, 0); at < confirmOffset;) {
    const ours = own?.read(at, confirmOffset - at);
    const theirs = other?.read(at, ours?.length ?? 0);
    const length = Math.min(ours?.length ?? 0, theirs?.length ?? 0);
    if (ours === undefined || theirs === undefined || length === 0)
      return [`the log cannot be read at ${at} on ${ours === undefined ? master.node.name : slave.node.name}`];
    if (!ours.subarray(0, length).equals(theirs.subarray(0, length))) {
      const index = ours.subarray(0, length).findIndex((byte, position) => byte !== theirs[position]);
      const pieces = [ours, theirs].map((bytes) => bytes.toString('latin1', index - 100, index + 60));
      return [
        `the logs of ${master.node.name} and ${slave.node.name} differ at ${at + index}: ${JSON.stringify(pieces)}`,
      ];
    }
    at += length;
  }
  return [];
}

function queuesDiffer(master: ReplicaState, slave: ReplicaState): string[] {
  const wrong: string[] = [];
  for (const [queueId, messages] of master.queues) {
    const others = slave.queues.get(queueId);
    for (const [offset, { number }] of messages) {
      const other = others?.get(offset)?.number;
      if (other !== number)
        wrong.push(
          `${queueId}@${offset} is ${number} on ${master.node.name}, ${other ?? 'missing'} on ${slave.node.name}`,
        );
    }
  }
  return firstFew(wrong, 3);
}
