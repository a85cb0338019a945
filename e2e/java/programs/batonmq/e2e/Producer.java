package batonmq.e2e;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/**
 * Sends the numbers {@code first .. first+count-1} to a topic with an unmodified DefaultMQProducer at a steady rate. A number whose
 * send fails is sent again until it is acknowledged (SEND_OK) or {@code giveUpMs} have passed since its first try.
 *
 * <p>{@code sendTimeoutMs}: of one send; the client does not send again by itself within it, so a long one leaves that to us.
 *
 * <p>Events: ready; ack {n, sentAt, at, tries, offsetMsgId} (times are epoch ms, sentAt of the try that succeeded); refused {n, why}
 * for a failed try; gaveUp {n}; done {acked, gaveUp}.
 */
public final class Producer {
    private final Events events = new Events();
    private final Options options;
    private final String topic;
    private final int first;
    private final int count;
    private final int bodyBytes;
    private final int tags;
    private final long giveUpMs;
    private final double rate;
    private final DefaultMQProducer producer;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger acked = new AtomicInteger();
    private final AtomicInteger gaveUp = new AtomicInteger();

    private Producer(String[] args) {
        options = new Options(args);
        topic = options.text("topic");
        first = options.number("first", 0);
        count = options.number("count");
        bodyBytes = options.number("bodyBytes", 64);
        tags = options.number("tags", 3);
        giveUpMs = options.number("giveUpMs", 60_000);
        rate = options.number("rate");
        producer = new DefaultMQProducer(options.text("group"));
    }

    public static void main(String[] args) {
        Program.run(() -> new Producer(args).run());
    }

    private void run() throws Exception {
        producer.setNamesrvAddr(options.text("namesrv"));
        producer.setPollNameServerInterval(options.number("pollNameServerInterval", 1000));
        producer.setSendMsgTimeout(options.number("sendTimeoutMs", producer.getSendMsgTimeout()));
        producer.start();
        events.emit("ready");
        long start = System.nanoTime();
        Thread[] threads = new Thread[options.number("threads", 8)];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> sendAll(start), "sender-" + i);
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        producer.shutdown();
        events.emit("done", "acked", acked.get(), "gaveUp", gaveUp.get());
    }

    private void sendAll(long start) {
        for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
            long due = start + (long) (i / rate * 1e9);
            for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
                LockSupport.parkNanos(wait);
            }
            sendUntilAcknowledged(first + i);
        }
    }

    private void sendUntilAcknowledged(int number) {
        Message message = new Message(topic, "tag-" + number % tags, "key-" + number, Body.of(number, bodyBytes));
        long giveUpAt = System.nanoTime() + giveUpMs * 1_000_000;
        for (int tries = 1; ; tries++) {
            long sentAt = System.currentTimeMillis();
            String why;
            try {
                SendResult result = producer.send(message);
                if (result.getSendStatus() == SendStatus.SEND_OK) {
                    acked.incrementAndGet();
                    events.emit("ack", "n", number, "sentAt", sentAt, "at", System.currentTimeMillis(), "tries", tries,
                        "offsetMsgId", result.getOffsetMsgId());
                    return;
                }
                why = result.getSendStatus().name();
            } catch (Exception failed) {
                why = firstLine(failed);
            }
            events.emit("refused", "n", number, "why", why);
            if (System.nanoTime() > giveUpAt) {
                gaveUp.incrementAndGet();
                events.emit("gaveUp", "n", number);
                return;
            }
            LockSupport.parkNanos(10_000_000); // a refusal may come back at once: do not turn it into a busy loop
        }
    }

    private static String firstLine(Exception failed) {
        String text = String.valueOf(failed);
        byte[] bytes = text.split("\n", 2)[0].getBytes(StandardCharsets.UTF_8);
        return new String(bytes, 0, Math.min(bytes.length, 300), StandardCharsets.UTF_8);
    }
}
