package batonmq.e2e;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * An unmodified TransactionMQProducer. Of the numbers {@code first .. first+count-1} every third is rolled back, every third committed,
 * and every third left undecided until the broker asks; of the last kind every second one is committed then. A number whose half message
 * is not acknowledged has no local transaction, and is not tried again.
 *
 * <p>Arguments: namesrv, topic, group, first, count, rate. Events: ready; half {n, verdict} once acknowledged; refused {n, why}; asked {n};
 * sent; done.
 */
public final class Transactions {
    private final Events events = new Events();
    private final Map<String, LocalTransactionState> decided = new ConcurrentHashMap<>();

    private Transactions() {
    }

    public static void main(String[] args) {
        Program.run(() -> new Transactions().run(new Options(args)));
    }

    private void run(Options options) throws Exception {
        TransactionMQProducer producer = new TransactionMQProducer(options.text("group"));
        producer.setNamesrvAddr(options.text("namesrv"));
        producer.setPollNameServerInterval(1000);
        producer.setHeartbeatBrokerInterval(1000);
        producer.setRetryTimesWhenSendFailed(0); // each try stores another half message
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object number) {
                return execute(message, (Integer) number);
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                events.emit("asked", "n", Body.numberOf(message.getBody()), "topic", message.getTopic());
                // Without an acknowledgement there was no local transaction.
                return decided.getOrDefault(message.getTransactionId(), LocalTransactionState.ROLLBACK_MESSAGE);
            }
        });
        producer.start();
        events.emit("ready");
        int first = options.number("first", 0);
        for (int n = first; n < first + options.number("count"); n++) {
            Message message = new Message(options.text("topic"), "tag", "key-" + n, Body.of(n, 100));
            try {
                SendStatus status = producer.sendMessageInTransaction(message, n).getSendStatus();
                if (status != SendStatus.SEND_OK) {
                    events.emit("refused", "n", n, "why", status.name());
                }
            } catch (Exception failed) {
                events.emit("refused", "n", n, "why", failed.getClass().getSimpleName());
            }
            LockSupport.parkNanos(1_000_000_000L / options.number("rate"));
        }
        events.emit("sent");
        Stop.await();
        producer.shutdown();
        events.emit("done");
    }

    private LocalTransactionState execute(Message message, int n) {
        boolean commit = n % 3 == 0 || n % 6 == 2;
        LocalTransactionState verdict = commit ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE;
        decided.put(message.getTransactionId(), verdict);
        events.emit("half", "n", n, "commit", commit);
        return n % 3 == 2 ? LocalTransactionState.UNKNOW : verdict;
    }
}
