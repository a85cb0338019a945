package batonmq.e2e;

import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * An unmodified DefaultMQPushConsumer that stops pulling after some messages, and sends some back to be consumed later: it leaves a group
 * with offsets in the midst of its queues and with a retry topic.
 *
 * <p>Arguments: namesrv, topic, group; until (0: never stop); laterEvery (0: none). Events: ready; consumed {n, queue, offset, times,
 * later} (later: it was sent back and is still to come); halfway; done.
 */
public final class HalfwayConsumer {
    private HalfwayConsumer() {
    }

    public static void main(String[] args) {
        Program.run(() -> run(new Options(args)));
    }

    private static void run(Options options) throws Exception {
        Events events = new Events();
        int until = options.number("until", 0);
        int laterEvery = options.number("laterEvery", 0);
        AtomicInteger count = new AtomicInteger();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(options.text("group"));
        consumer.setNamesrvAddr(options.text("namesrv"));
        consumer.setPollNameServerInterval(1000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPullThresholdForQueue(64);
        consumer.setPullBatchSize(16);
        consumer.subscribe(options.text("topic"), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            MessageExt message = messages.get(0); // a batch of one, by default
            int number = count.incrementAndGet();
            boolean later = laterEvery > 0 && message.getReconsumeTimes() == 0 && number % laterEvery == 0;
            events.emit("consumed", "n", Body.numberOf(message.getBody()), "queue", message.getQueueId(),
                "offset", message.getQueueOffset(), "times", message.getReconsumeTimes(), "later", later);
            if (number == until) {
                consumer.suspend();
                events.emit("halfway");
            }
            return later ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        events.emit("ready");
        Stop.await();
        consumer.shutdown();
        events.emit("done");
    }
}
