export { Broker, type BrokerSettings } from './broker';
export { BrokerError, type BrokerErrorCode } from './errors';
export { BrokerRole } from './role';
