import { flag, int, long, text } from '../key-spec';
import { noNetty, noThreads } from './no-effect';

/** @source NettyServerConfig. `listenPort` is 0 in the class; components set their own. */
export const remotingServerKeys = {
  listenPort: int(0, {
    min: 0,
    max: 65535,
    unit: 'port',
    doc: 'where to listen; name server 9876, broker 10911; 0: a free one',
  }),
  bindAddress: text('0.0.0.0', { doc: 'interface to listen on' }),
  serverWorkerThreads: int(8, { ...noThreads, doc: 'threads of the Netty pipeline' }),
  serverCallbackExecutorThreads: int(0, { ...noThreads, doc: 'threads of the default executor' }),
  serverSelectorThreads: int(3, { ...noThreads, doc: 'threads that read sockets' }),
  serverOnewaySemaphoreValue: int(256, {
    min: 1,
    unit: 'requests',
    doc: 'one-way requests to peers under way at once',
  }),
  serverAsyncSemaphoreValue: int(64, { min: 1, unit: 'requests', doc: 'requests to peers under way at once' }),
  serverChannelMaxIdleTimeSeconds: int(120, { min: 1, unit: 's', doc: 'silence after which a connection is closed' }),
  serverSocketSndBufSize: int(0, {
    ...noNetty,
    min: 0,
    unit: 'B',
    doc: 'send buffer of a socket; 0: the system decides',
  }),
  serverSocketRcvBufSize: int(0, {
    ...noNetty,
    min: 0,
    unit: 'B',
    doc: 'receive buffer of a socket; 0: the system decides',
  }),
  writeBufferHighWaterMark: int(0, {
    min: 0,
    unit: 'B',
    doc: 'unsent bytes that make a connection unwritable; 0: the default',
  }),
  writeBufferLowWaterMark: int(0, {
    min: 0,
    unit: 'B',
    doc: 'unsent bytes that make it writable again; 0: the default',
  }),
  serverSocketBacklog: int(1024, { ...noNetty, min: 0, doc: 'connections that may wait to be accepted' }),
  serverNettyWorkerGroupEnable: flag(true, { ...noNetty, doc: 'worker group of its own' }),
  serverPooledByteBufAllocatorEnable: flag(true, { ...noNetty, doc: 'pooled buffers' }),
  enableShutdownGracefully: flag(false, { doc: 'tells clients to go away before the server stops' }),
  shutdownWaitTimeSeconds: int(30, { min: 0, unit: 's', doc: 'how long a graceful stop waits for them' }),
  useEpollNativeSelector: flag(false, { ...noNetty, doc: 'native epoll' }),
};

/** @source NettyClientConfig */
export const remotingClientKeys = {
  clientWorkerThreads: int(4, { ...noThreads, doc: 'threads of the Netty pipeline' }),
  clientCallbackExecutorThreads: int((machine) => machine.cores ?? 1, {
    ...noThreads,
    shown: 'cores',
    doc: 'threads of callbacks',
  }),
  clientOnewaySemaphoreValue: int(65535, { min: 1, unit: 'requests', doc: 'one-way requests under way at once' }),
  clientAsyncSemaphoreValue: int(65535, { min: 1, unit: 'requests', doc: 'requests under way at once' }),
  connectTimeoutMillis: int(3000, { min: 1, unit: 'ms', doc: 'patience with a connection that is being made' }),
  channelNotActiveInterval: long(60000, { ...noNetty, unit: 'ms', doc: 'period of the search for unused connections' }),
  scanAvailableNameSrv: flag(true, {
    doc: 'looks for name servers that can be reached; RocketMQ prints this key as isScanAvailableNameSrv',
  }),
  clientChannelMaxIdleTimeSeconds: int(120, { min: 0, unit: 's', doc: 'silence after which a connection is closed' }),
  clientSocketSndBufSize: int(0, {
    ...noNetty,
    min: 0,
    unit: 'B',
    doc: 'send buffer of a socket; 0: the system decides',
  }),
  clientSocketRcvBufSize: int(0, {
    ...noNetty,
    min: 0,
    unit: 'B',
    doc: 'receive buffer of a socket; 0: the system decides',
  }),
  clientPooledByteBufAllocatorEnable: flag(false, { ...noNetty, doc: 'pooled buffers' }),
  clientCloseSocketIfTimeout: flag(true, { doc: 'closes the connection on which a request timed out' }),
  useTLS: flag(false, { shown: '`tls.enable`', doc: 'TLS towards peers' }),
  socksProxyConfig: text('{}', { doc: 'SOCKS5 proxies: JSON from CIDR to addr, username, password', secret: true }),
  writeBufferHighWaterMark: int(0, {
    min: 0,
    unit: 'B',
    doc: 'unsent bytes that make a connection unwritable; 0: the default',
  }),
  writeBufferLowWaterMark: int(0, {
    min: 0,
    unit: 'B',
    doc: 'unsent bytes that make it writable again; 0: the default',
  }),
  disableCallbackExecutor: flag(false, { ...noThreads, doc: 'callbacks run on the thread that read the answer' }),
  disableNettyWorkerGroup: flag(false, { ...noNetty, doc: 'no worker group of its own' }),
  maxReconnectIntervalTimeSeconds: long(60, { min: 0, unit: 's', doc: 'longest pause between attempts to connect' }),
  enableReconnectForGoAway: flag(true, { doc: 'connects anew when a server says it goes away' }),
};
