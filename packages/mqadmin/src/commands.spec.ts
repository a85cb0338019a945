import { nodeHost, silentLog } from '@batonmq/host';
import { mqadmin } from './commands';

describe('mqadmin', () => {
  it('knows its commands by RocketMQ’s names', () => {
    const names = mqadmin(() => {}).commands.map((command) => command.name());
    expect(names).toEqual(['clusterList', 'updateTopic', 'getControllerMetaData', 'getSyncStateSet', 'electMaster']);
  });

  it('says that nobody answers', async () => {
    const listener = await nodeHost(silentLog).network.listen({ host: '127.0.0.1', port: 0 }, () => {});
    await listener.close();
    const run = mqadmin(() => {}).parseAsync(['node', 'mqadmin', 'clusterList', '-n', `127.0.0.1:${listener.port}`]);
    await expect(run).rejects.toThrow(/none of 127\.0\.0\.1:\d+ answers/);
  });
});
