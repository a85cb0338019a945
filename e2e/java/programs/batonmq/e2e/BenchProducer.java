package batonmq.e2e;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/**
 * One producer, many threads, each sending synchronously as fast as it is answered; the first {@code warmUpSeconds} are not counted.
 *
 * <p>Events: ready; result {sent, failed, seconds, perSecond, p50Ms, p99Ms, p999Ms, maxMs, firstFailure}.
 */
public final class BenchProducer {
    private BenchProducer() {
    }

    public static void main(String[] args) {
        Program.run(() -> run(args));
    }

    private static void run(String[] args) throws Exception {
        Options options = new Options(args);
        Events events = new Events();
        DefaultMQProducer producer = new DefaultMQProducer(options.text("group"));
        producer.setNamesrvAddr(options.text("namesrv"));
        producer.setPollNameServerInterval(1000);
        producer.start();
        events.emit("ready");

        long start = System.nanoTime();
        long countFrom = start + options.number("warmUpSeconds", 5) * 1_000_000_000L;
        long end = countFrom + options.number("seconds", 20) * 1_000_000_000L;
        byte[] body = Body.of(0, options.number("bodyBytes", 1024));
        AtomicReference<String> firstFailure = new AtomicReference<>();
        Sender[] senders = new Sender[options.number("threads", 16)];
        for (int i = 0; i < senders.length; i++) {
            senders[i] = new Sender(producer, options.text("topic"), body, countFrom, end, firstFailure);
            senders[i].start();
        }
        long failed = 0;
        int sent = 0;
        for (Sender sender : senders) {
            sender.join();
            failed += sender.failed;
            sent += sender.sent;
        }
        long[] micros = new long[sent];
        int at = 0;
        for (Sender sender : senders) {
            System.arraycopy(sender.micros, 0, micros, at, sender.sent);
            at += sender.sent;
        }
        Arrays.sort(micros);
        double seconds = (end - countFrom) / 1e9;
        events.emit("result", "sent", sent, "failed", failed, "seconds", seconds, "perSecond", Math.round(sent / seconds),
            "p50Ms", quantile(micros, 0.5), "p99Ms", quantile(micros, 0.99), "p999Ms", quantile(micros, 0.999),
            "maxMs", quantile(micros, 1), "firstFailure", firstFailure.get());
        producer.shutdown();
    }

    private static double quantile(long[] sortedMicros, double q) {
        if (sortedMicros.length == 0) {
            return 0;
        }
        return sortedMicros[(int) Math.min(sortedMicros.length - 1, (long) (q * sortedMicros.length))] / 1000.0;
    }

    private static final class Sender extends Thread {
        private final DefaultMQProducer producer;
        private final String topic;
        private final byte[] body;
        private final long countFrom;
        private final long end;
        private final AtomicReference<String> firstFailure;
        private long[] micros = new long[1 << 14];
        private int sent;
        private long failed;

        Sender(DefaultMQProducer producer, String topic, byte[] body, long countFrom, long end, AtomicReference<String> firstFailure) {
            this.producer = producer;
            this.topic = topic;
            this.body = body;
            this.countFrom = countFrom;
            this.end = end;
            this.firstFailure = firstFailure;
        }

        @Override
        public void run() {
            for (long before = System.nanoTime(); before < end; before = System.nanoTime()) {
                boolean counted = before >= countFrom;
                try {
                    SendResult result = producer.send(new Message(topic, body));
                    if (result.getSendStatus() != SendStatus.SEND_OK) {
                        throw new IllegalStateException(result.getSendStatus().name());
                    }
                    if (counted) {
                        record((System.nanoTime() - before) / 1000);
                    }
                } catch (Exception refused) {
                    firstFailure.compareAndSet(null, String.valueOf(refused));
                    failed += counted ? 1 : 0;
                }
            }
        }

        private void record(long tookMicros) {
            if (sent == micros.length) {
                micros = Arrays.copyOf(micros, sent * 2);
            }
            micros[sent++] = tookMicros;
        }
    }
}
