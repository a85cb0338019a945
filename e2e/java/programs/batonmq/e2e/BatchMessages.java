package batonmq.e2e;

import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Sends {@code batches} batches of {@code size} numbered messages, and consumes the topic from its beginning until its standard
 * input ends.
 *
 * <p>Events: ready; sent {batch, status, offset}; delivered {n, offset, key}; done.
 */
public final class BatchMessages {
    private BatchMessages() {
    }

    public static void main(String[] args) {
        Program.run(() -> run(args));
    }

    private static void run(String[] args) throws Exception {
        Options options = new Options(args);
        Events events = new Events();
        String topic = options.text("topic");
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(options.text("group"));
        consumer.setNamesrvAddr(options.text("namesrv"));
        consumer.setPollNameServerInterval(1000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                events.emit("delivered", "n", Body.numberOf(message.getBody()), "offset", message.getQueueOffset(), "key",
                    message.getKeys());
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        DefaultMQProducer producer = new DefaultMQProducer(options.text("group") + "-p");
        producer.setNamesrvAddr(options.text("namesrv"));
        producer.start();
        int size = options.number("size", 1);
        for (int batch = 0; batch < options.number("batches", 0); batch++) {
            List<Message> messages = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                int n = batch * size + i;
                messages.add(new Message(topic, "batched", "key-" + n, Body.of(n, 100)));
            }
            SendResult result = producer.send(messages);
            events.emit("sent", "batch", batch, "status", result.getSendStatus(), "offset", result.getQueueOffset());
        }
        consumer.start();
        events.emit("ready");
        Stop.await();
        producer.shutdown();
        consumer.shutdown();
        events.emit("done");
    }
}
