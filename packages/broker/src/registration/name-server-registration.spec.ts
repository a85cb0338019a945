import { nodeHost, silentLog, type Timers } from '@batonmq/host';
import type { RemotingClient } from '@batonmq/remoting';
import { BrokerRole } from '../role';
import type { TopicTable } from '../topics/topic-table';
import { NameServerRegistration } from './name-server-registration';

it('does not register again when the broker stops during a registration that fails', async () => {
  const later: (() => void)[] = [];
  const timers = {
    ...nodeHost(silentLog).timers,
    every: () => () => {},
    after: (_ms: number, task: () => void) => {
      later.push(task);
      return () => {};
    },
  } as Timers;
  let fail: (error: Error) => void = () => {};
  const codes: number[] = [];
  const client = {
    onConnectionLost: () => {},
    invoke: (_address: string, { code }: { code: number }) => {
      codes.push(code);
      return codes.length === 1 ? new Promise((_resolve, reject) => (fail = reject)) : Promise.resolve({ code: 0 });
    },
  } as unknown as RemotingClient;
  const registration = new NameServerRegistration(
    { timers, log: silentLog },
    client,
    {
      namesrvAddr: '127.0.0.1:9876',
      brokerClusterName: 'c',
      brokerName: 'b',
      brokerAddr: '127.0.0.1:10911',
      haServerAddr: '127.0.0.1:10912',
      brokerPermission: 6,
      registerNameServerPeriod: 30_000,
    },
    new BrokerRole(),
    { all: () => [], dataVersion: {} } as unknown as TopicTable,
    () => {},
  );
  registration.activate();
  await registration.stop();
  fail(new Error('the connection is gone'));
  await new Promise(setImmediate);
  expect(later).toEqual([]);
});
