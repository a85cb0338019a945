package batonmq.e2e;

import java.util.Set;
import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Reads whole topics from the first to the last offset of every queue by pulling, and asks the broker's index for some keys.
 *
 * <p>Arguments: topics (comma separated), keys (comma separated, asked in every topic; may be empty).
 * Events: message {topic, queue, offset, n, bytes, tags, keys}; queue {topic, queue, min, max, read}; found {topic, key, n} per message
 * that a key query returned; done.
 */
public final class StoreReader {
    private static final int QUERY_LIMIT = 32;

    private final Events events = new Events();
    private final DefaultMQPullConsumer consumer;

    private StoreReader(Options options) {
        consumer = new DefaultMQPullConsumer(options.text("group"));
        consumer.setNamesrvAddr(options.text("namesrv"));
    }

    public static void main(String[] args) throws Exception {
        Options options = new Options(args);
        StoreReader reader = new StoreReader(options);
        reader.consumer.start();
        for (String topic : options.text("topics").split(",")) {
            for (MessageQueue queue : reader.queuesOf(topic)) {
                reader.read(queue);
            }
            for (String key : options.text("keys").split(",")) {
                if (!key.isEmpty()) {
                    reader.query(topic, key);
                }
            }
        }
        reader.consumer.shutdown();
        reader.events.emit("done");
        System.exit(0);
    }

    private Set<MessageQueue> queuesOf(String topic) throws Exception {
        return consumer.fetchSubscribeMessageQueues(topic);
    }

    private void read(MessageQueue queue) throws Exception {
        long min = consumer.minOffset(queue);
        long max = consumer.maxOffset(queue);
        int read = 0;
        for (long offset = min; offset < max; ) {
            PullResult result = consumer.pull(queue, "*", offset, 32);
            if (result.getPullStatus() == PullStatus.FOUND) {
                for (MessageExt message : result.getMsgFoundList()) {
                    read++;
                    events.emit("message", "topic", message.getTopic(), "queue", message.getQueueId(), "offset", message.getQueueOffset(),
                        "n", Body.numberOf(message.getBody()), "bytes", message.getBody().length, "tags", message.getTags(),
                        "keys", message.getKeys());
                }
            } else if (result.getNextBeginOffset() <= offset) {
                throw new IllegalStateException("pull of " + queue + " at " + offset + " of " + max + " answered " + result);
            }
            offset = result.getNextBeginOffset();
        }
        events.emit("queue", "topic", queue.getTopic(), "queue", queue.getQueueId(), "min", min, "max", max, "read", read);
    }

    private void query(String topic, String key) throws Exception {
        QueryResult result = consumer.queryMessage(topic, key, QUERY_LIMIT, 0, System.currentTimeMillis() + 60_000);
        for (MessageExt message : result.getMessageList()) {
            events.emit("found", "topic", message.getTopic(), "key", key, "n", Body.numberOf(message.getBody()));
        }
    }
}
