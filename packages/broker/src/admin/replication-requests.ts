import type { ReplicationService } from '@batonmq/broker-ha';
import { RequestCode, ResponseCode, type RequestRouter } from '@batonmq/remoting';

/** What controllers tell, and operators and slaves ask, about this replica. @param replication undefined without a controller */
export function routeReplicationRequests(router: RequestRouter, replication: ReplicationService | undefined): void {
  if (replication === undefined) {
    router.handle(RequestCode.GET_BROKER_EPOCH_CACHE, () => ({
      code: ResponseCode.SYSTEM_ERROR,
      remark: 'this request only for controllerMode ',
    }));
    return;
  }
  router.handle(RequestCode.NOTIFY_BROKER_ROLE_CHANGED, (request) => replication.handleRoleChanged(request));
  router.handle(RequestCode.EXCHANGE_BROKER_HA_INFO, (request) => replication.exchangeHaInfo(request));
  router.handle(RequestCode.GET_BROKER_EPOCH_CACHE, () => ({
    code: ResponseCode.SUCCESS,
    body: replication.epochCache(),
  }));
  router.handle(RequestCode.GET_BROKER_HA_STATUS, () => ({
    code: ResponseCode.SUCCESS,
    body: replication.runtimeInfo(),
  }));
}
