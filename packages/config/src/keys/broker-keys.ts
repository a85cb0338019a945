import { brokerConsumerKeys, brokerPopKeys } from './broker-consumer-keys';
import { brokerIdentityKeys, brokerModeKeys, registrationKeys } from './broker-identity-keys';
import { authKeys, brokerMetricsKeys, brokerTransactionKeys } from './broker-service-keys';
import { brokerThreadKeys } from './broker-thread-keys';

/** Keys of the broker without its store's. @source BrokerConfig, AuthConfig */
export const brokerKeys = {
  ...brokerIdentityKeys,
  ...brokerModeKeys,
  ...registrationKeys,
  ...brokerThreadKeys,
  ...brokerConsumerKeys,
  ...brokerPopKeys,
  ...brokerTransactionKeys,
  ...authKeys,
  ...brokerMetricsKeys,
};
