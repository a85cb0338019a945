import type { Check } from './check';
import { consumerGotEverything } from './consumer-got-everything';
import { consumerSawOnlyTheLog } from './consumer-saw-only-the-log';
import { controllersAgree } from './controllers-agree';
import { noAcknowledgedMessageLost } from './no-acknowledged-message-lost';
import { oneAcknowledgingMaster } from './one-acknowledging-master';
import { queueOffsetsGivenOnce } from './queue-offsets-given-once';
import { replicasIdentical } from './replicas-identical';

/** Those that make sense while replicas are still behind. */
export const checksOfTheMaster: readonly Check[] = [
  noAcknowledgedMessageLost,
  queueOffsetsGivenOnce,
  consumerSawOnlyTheLog,
];

export const allChecks: readonly Check[] = [
  noAcknowledgedMessageLost,
  queueOffsetsGivenOnce,
  oneAcknowledgingMaster,
  replicasIdentical,
  consumerSawOnlyTheLog,
  consumerGotEverything,
  controllersAgree,
];
