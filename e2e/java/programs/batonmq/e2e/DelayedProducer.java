package batonmq.e2e;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/**
 * Sends the numbers {@code first .. first+count-1} with a delay level. Arguments: namesrv, topic, group, first, count, level.
 * Event: done {acked}.
 */
public final class DelayedProducer {
    private DelayedProducer() {
    }

    public static void main(String[] args) {
        Program.run(() -> {
            Options options = new Options(args);
            Events events = new Events();
            DefaultMQProducer producer = new DefaultMQProducer(options.text("group"));
            producer.setNamesrvAddr(options.text("namesrv"));
            producer.setSendMsgTimeout(30_000); // a send that is tried again may be stored twice
            producer.start();
            int acked = 0;
            int first = options.number("first");
            for (int number = first; number < first + options.number("count"); number++) {
                Message message = new Message(options.text("topic"), "delayed", "key-" + number, Body.of(number, 64));
                message.setDelayTimeLevel(options.number("level"));
                if (producer.send(message).getSendStatus() == SendStatus.SEND_OK) {
                    acked++;
                }
            }
            producer.shutdown();
            events.emit("done", "acked", acked);
            Stop.await();
        });
    }
}
