/** What the broker is at the moment; written by the role listener only. */
export class BrokerRole {
  /** none: no role yet, or nobody is master. Only a master takes writes. */
  current: 'none' | 'master' | 'slave' = 'none';
  /** The id that clients and name servers see: 0 for the master, the controller's id for a slave. */
  brokerId = -1;
  epoch = 0;
  /** The master's address for requests; empty when unknown. */
  masterAddress = '';

  get isMaster(): boolean {
    return this.current === 'master';
  }
}
