package batonmq.e2e;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.rocketmq.common.BoundaryType;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

/** What differs between the stores of RocketMQ 4.9 and 5: this is 5.4.0. */
final class Version {
    /** Whether the store itself moves a message with a DELAY to the topic of the delayed ones; in 5 the broker does. */
    static final boolean STORE_MOVES_DELAYED = false;
    /** Whether the search by time knows LOWER and UPPER. */
    static final boolean KNOWS_BOUNDARIES = true;

    private Version() {
    }

    static DefaultMessageStore open(MessageStoreConfig config, String batchTopic) throws Exception {
        ConcurrentMap<String, TopicConfig> topics = new ConcurrentHashMap<>();
        if (!batchTopic.isEmpty()) {
            TopicConfig topic = new TopicConfig(batchTopic);
            topic.getAttributes().put("queue.type", "BatchCQ");
            topics.put(batchTopic, topic);
        }
        return new DefaultMessageStore(config, new BrokerStatsManager("e2e", false), (topic, queue, offset, tags, time, bits, properties) -> {
        }, new BrokerConfig(), topics);
    }

    static long offsetByTime(DefaultMessageStore store, String topic, int queue, long time, boolean lower) {
        return store.getOffsetInQueueByTime(topic, queue, time, lower ? BoundaryType.LOWER : BoundaryType.UPPER);
    }

    /** A message for putMessage. */
    static final class Message extends MessageExtBrokerInner {
    }
}
