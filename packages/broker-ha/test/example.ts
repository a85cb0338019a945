import type { Host } from '@batonmq/host';
import { RemotingClient, RemotingServer, RequestCode } from '@batonmq/remoting';
import { ReplicationService, type HaOptions, type ReplicaLog } from '../src';

export async function member(host: Host, options: HaOptions, log: ReplicaLog): Promise<ReplicationService> {
  const service = new ReplicationService(host, options, log, new RemotingClient(host), {
    becomeMaster: async (epoch) => host.log.info({ epoch }, 'writes are welcome'),
    becomeSlave: async (masterId) => host.log.info({ masterId }, 'writes are refused'),
  });
  const server = new RemotingServer(host, { port: 10911 });
  server.handle(RequestCode.NOTIFY_BROKER_ROLE_CHANGED, (request) => service.handleRoleChanged(request));
  server.handle(RequestCode.EXCHANGE_BROKER_HA_INFO, (request) => service.exchangeHaInfo(request));
  await server.start();
  await service.start(); // does not wait for a controller or a role
  return service;
}
