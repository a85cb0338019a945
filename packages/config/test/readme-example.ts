import { type Host } from '@batonmq/host';
import { brokerConfig, loadConfigFile, readConfig, remotingServerConfig, validateBroker } from '../src';

export function readBroker(host: Pick<Host, 'files' | 'machine' | 'log'>, path: string) {
  const properties = loadConfigFile(host.files, path);
  const { values, warnings, hints } = readConfig([brokerConfig, remotingServerConfig], properties, path, host.machine);
  for (const line of [...warnings, ...hints, ...validateBroker(values)]) host.log.warn({}, line);
  return values; // typed: listenPort is a number, flushDiskType 'ASYNC_FLUSH' | 'SYNC_FLUSH'
}
