package batonmq.e2e;

import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Reads one topic from the first to the last offset of every queue by pulling, whatever its bodies are (they are taken as text), and
 * tells how far a group has come. With {@code byId} every hundredth message is looked up again by its unique id.
 *
 * <p>Arguments: namesrv, topic, group, byId (0 or 1). Events: message {queue, offset, body}; queue {queue, min, max, read, committed}
 * (committed is -1 where the group has no offset); found {body, wanted, how} per look-up; done.
 */
public final class TopicReader {
    private static final int EVERY = 100;

    private final Events events = new Events();
    private final DefaultMQPullConsumer consumer;
    private final boolean byId;

    private TopicReader(Options options) {
        consumer = new DefaultMQPullConsumer(options.text("group"));
        consumer.setNamesrvAddr(options.text("namesrv"));
        byId = options.number("byId", 0) == 1;
    }

    public static void main(String[] args) {
        Program.run(() -> {
            Options options = new Options(args);
            new TopicReader(options).run(options.text("topic"));
        });
    }

    private void run(String topic) throws Exception {
        consumer.start();
        for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
            read(queue);
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
                    events.emit("message", "queue", message.getQueueId(), "offset", message.getQueueOffset(), "body", text(message));
                    if (byId && read % EVERY == 0) {
                        lookUp(message);
                    }
                    read++;
                }
            } else if (result.getNextBeginOffset() <= offset) {
                throw new IllegalStateException("pull of " + queue + " at " + offset + " of " + max + " answered " + result);
            }
            offset = result.getNextBeginOffset();
        }
        long committed = consumer.fetchConsumeOffset(queue, true);
        events.emit("queue", "queue", queue.getQueueId(), "min", min, "max", max, "read", read, "committed", committed);
    }

    private void lookUp(MessageExt wanted) throws Exception {
        MessageExt byUniqueId = consumer.viewMessage(wanted.getTopic(), wanted.getMsgId());
        events.emit("found", "body", text(byUniqueId), "wanted", text(wanted), "how", "unique id");
    }

    private static String text(MessageExt message) {
        return new String(message.getBody(), StandardCharsets.UTF_8);
    }
}
