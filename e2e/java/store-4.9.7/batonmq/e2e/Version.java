package batonmq.e2e;

import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.MessageExtBrokerInner;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

/** What differs between the stores of RocketMQ 4.9 and 5: this is 4.9.7. */
final class Version {
    static final boolean STORE_MOVES_DELAYED = true;
    static final boolean KNOWS_BOUNDARIES = false;

    private Version() {
    }

    static DefaultMessageStore open(MessageStoreConfig config, String batchTopic) throws Exception {
        if (!batchTopic.isEmpty()) {
            throw new IllegalArgumentException("4.9 has no batch queues");
        }
        return new DefaultMessageStore(config, new BrokerStatsManager("e2e", false), (topic, queue, offset, tags, time, bits, properties) -> {
        }, new BrokerConfig());
    }

    static long offsetByTime(DefaultMessageStore store, String topic, int queue, long time, boolean lower) {
        throw new UnsupportedOperationException();
    }

    static final class Message extends MessageExtBrokerInner {
    }
}
