package batonmq.e2e;

import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Sends messages for a later time ({@code setDelayTimeSec}, {@code setDelayTimeMs}, {@code setDeliverTimeMs} in turn), spread over
 * {@code minMs .. minMs+spreadMs}, takes every {@code recallEvery}-th back, and consumes the topic until its standard input ends.
 *
 * <p>Events: ready; timed {n, due}; refused {n, why}; recalled {n}; sent {count}; delivered {n, due, stored, at}; done.
 * Times are epoch ms. Called by reflection where a client older than 5.0 has no such method.
 */
public final class TimedMessages {
    private static final String DUE = "due";
    private final Events events = new Events();
    private final Options options;
    private final String topic;

    private TimedMessages(String[] args) {
        options = new Options(args);
        topic = options.text("topic");
    }

    public static void main(String[] args) {
        Program.run(() -> new TimedMessages(args).run());
    }

    private void run() throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(options.text("group"));
        consumer.setNamesrvAddr(options.text("namesrv"));
        consumer.setPollNameServerInterval(1000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                events.emit("delivered", "n", Body.numberOf(message.getBody()), "due",
                    Long.parseLong(message.getUserProperty(DUE)), "stored", message.getStoreTimestamp(), "at",
                    System.currentTimeMillis());
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer producer = new DefaultMQProducer(options.text("group") + "-p");
        producer.setNamesrvAddr(options.text("namesrv"));
        producer.setPollNameServerInterval(1000);
        producer.start();
        events.emit("ready");
        int count = options.number("count");
        for (int n = 0; n < count; n++) {
            send(producer, n, count);
        }
        events.emit("sent", "count", count);
        Stop.await();
        producer.shutdown();
        consumer.shutdown();
        events.emit("done");
    }

    private void send(DefaultMQProducer producer, int n, int count) throws Exception {
        long delay = options.number("minMs") + (long) options.number("spreadMs") * n / count;
        for (int tries = 0; tries < 3000; tries++) {
            long due = System.currentTimeMillis() + delay;
            Message message = new Message(topic, "timed", "key-" + n, Body.of(n, 64));
            if (n % 3 == 0) {
                delay = Math.max(1, delay / 1000) * 1000;
                due = System.currentTimeMillis() + delay;
                set(message, "setDelayTimeSec", delay / 1000);
            } else if (n % 3 == 1) {
                set(message, "setDelayTimeMs", delay);
            } else {
                set(message, "setDeliverTimeMs", due);
            }
            message.putUserProperty(DUE, String.valueOf(due));
            try {
                SendResult result = producer.send(message);
                if (result.getSendStatus() == SendStatus.SEND_OK) {
                    int every = options.number("recallEvery", 0);
                    if (every > 0 && n % every == 0) {
                        recall(producer, result);
                        events.emit("recalled", "n", n);
                    } else {
                        events.emit("timed", "n", n, "due", due);
                    }
                    return;
                }
                events.emit("refused", "n", n, "why", result.getSendStatus());
            } catch (Exception failed) {
                events.emit("refused", "n", n, "why", failed);
            }
            LockSupport.parkNanos(10_000_000);
        }
        throw new IllegalStateException("message " + n + " was never accepted");
    }

    private static void set(Message message, String setter, long value) throws Exception {
        Message.class.getMethod(setter, long.class).invoke(message, value);
    }

    private void recall(DefaultMQProducer producer, SendResult result) throws Exception {
        Object handle = SendResult.class.getMethod("getRecallHandle").invoke(result);
        DefaultMQProducer.class.getMethod("recallMessage", String.class, String.class).invoke(producer, topic, handle);
    }
}
