package batonmq.e2e;

import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Reads whole topics from the first to the last offset of every queue by pulling, and asks the broker's index for some keys.
 *
 * <p>Arguments: topics and keys, each comma separated; every key is asked in every topic.
 * Events: message {topic, queue, offset, n, bytes, tags, keys}; queue {topic, queue, min, max, read}; found {topic, key, n} per message
 * that a key query returned; done.
 */
public final class StoreReader {
    private static final int QUERY_LIMIT = 32;
    /** ResponseCode.NO_MESSAGE; that class is in different packages in 4.9 and 5. */
    private static final int NO_MESSAGE = 208;

    private final Events events = new Events();
    private final DefaultMQPullConsumer consumer;

    private StoreReader(Options options) {
        consumer = new DefaultMQPullConsumer(options.text("group"));
        consumer.setNamesrvAddr(options.text("namesrv"));
    }

    public static void main(String[] args) {
        Program.run(() -> {
            Options options = new Options(args);
            new StoreReader(options).run(options.text("topics").split(","), options.text("keys").split(","));
        });
    }

    private void run(String[] topics, String[] keys) throws Exception {
        consumer.start();
        for (String topic : topics) {
            for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
                read(queue);
            }
            for (String key : keys) {
                query(topic, key);
            }
        }
        consumer.shutdown();
        events.emit("done");
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
        try {
            QueryResult result = consumer.queryMessage(topic, key, QUERY_LIMIT, 0, System.currentTimeMillis() + 60_000);
            for (MessageExt message : result.getMessageList()) {
                events.emit("found", "topic", message.getTopic(), "key", key, "n", Body.numberOf(message.getBody()));
            }
        } catch (MQClientException none) {
            if (none.getResponseCode() != NO_MESSAGE) {
                throw none;
            }
        }
    }
}
