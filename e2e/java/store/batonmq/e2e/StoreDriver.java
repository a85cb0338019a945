package batonmq.e2e;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import org.apache.rocketmq.common.MixAll;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageExtBatch;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.PutMessageResult;
import org.apache.rocketmq.store.config.MessageStoreConfig;

/**
 * Opens a directory with RocketMQ's own DefaultMessageStore, does what a plan file says, and stops cleanly; or waits to be killed.
 *
 * <p>Arguments: plan, a file; then=stop or wait; batchTopic, a topic of type BatchCQ; every argument {@code store.X} is the store's
 * setting X. A line of the plan is a word and its arguments, separated by tabs:
 * <pre>
 * put|batch  topic  queueId  flag  sysFlag  bornHost  bornPort  bornTimestamp  storeHost  storePort  reconsume  prepared  body  properties
 * pause      ms
 * dump                                          all queues, see StoreDump
 * queue      topic  queue                      its bounds
 * key        topic  key                         what the index finds
 * time       topic  queue  ms                   LOWER and UPPER offset
 * </pre>
 * body is Base64; properties are Base64 of RocketMQ's text form. An empty body whose place says {@code fill:N} is made as long as the
 * file has room, less N bytes. Events: opened; ack {line, status, offset, bytes, queueOffset, time}; those of StoreDump; done; stopped.
 */
public final class StoreDriver {
    private static final Base64.Decoder BASE64 = Base64.getDecoder();
    private static final int V1_IPV4_FIXED_BYTES = 91;

    private final Events events = new Events();
    private final MessageStoreConfig config = new MessageStoreConfig();
    private final Options options;
    private final DefaultMessageStore store;

    private StoreDriver(String[] args) throws Exception {
        options = new Options(args);
        Properties settings = new Properties();
        for (String arg : args) {
            if (arg.startsWith("store.")) {
                int equals = arg.indexOf('=');
                settings.setProperty(arg.substring("store.".length(), equals), arg.substring(equals + 1));
            }
        }
        MixAll.properties2Object(settings, config);
        config.setStorePathCommitLog(config.getStorePathRootDir() + "/commitlog");
        store = Version.open(config, options.text("batchTopic"));
    }

    public static void main(String[] args) {
        Program.run(() -> new StoreDriver(args).run());
    }

    private void run() throws Exception {
        long from = System.nanoTime();
        if (!store.load()) {
            throw new IllegalStateException("the store does not load");
        }
        store.start();
        events.emit("opened", "ms", (System.nanoTime() - from) / 1_000_000, "end", store.getMaxPhyOffset());
        List<String> lines = Files.readAllLines(Path.of(options.text("plan")), StandardCharsets.UTF_8);
        for (int i = 0; i < lines.size(); i++) {
            follow(i, lines.get(i).split("\t", -1));
        }
        awaitDispatch();
        events.emit("done", "end", store.getMaxPhyOffset());
        if (options.text("then").equals("wait")) {
            Stop.await();
        }
        store.shutdown();
        events.emit("stopped");
    }

    private void follow(int number, String[] line) throws Exception {
        switch (line[0]) {
            case "put":
                tell(number, store.putMessage(message(line)));
                break;
            case "batch":
                MessageExtBatch batch = new MessageExtBatch();
                fill(batch, line);
                tell(number, store.putMessages(batch));
                break;
            case "pause":
                Thread.sleep(Long.parseLong(line[1]));
                break;
            case "dump":
                awaitDispatch();
                new StoreDump(store, events).all();
                break;
            case "queue":
                awaitDispatch();
                events.emit("queue", "topic", line[1], "queue", Integer.parseInt(line[2]),
                    "min", store.getMinOffsetInQueue(line[1], Integer.parseInt(line[2])),
                    "max", store.getMaxOffsetInQueue(line[1], Integer.parseInt(line[2])));
                break;
            case "key":
                new StoreDump(store, events).key(line[1], line[2]);
                break;
            case "time":
                new StoreDump(store, events).time(line[1], Integer.parseInt(line[2]), Long.parseLong(line[3]));
                break;
            default:
                throw new IllegalArgumentException("line " + number + ": " + line[0]);
        }
    }

    private void tell(int number, PutMessageResult result) {
        if (!result.isOk()) {
            events.emit("ack", "line", number, "status", result.getPutMessageStatus());
            return;
        }
        events.emit("ack", "line", number, "status", "PUT_OK", "offset", result.getAppendMessageResult().getWroteOffset(),
            "bytes", result.getAppendMessageResult().getWroteBytes(), "queueOffset", result.getAppendMessageResult().getLogicsOffset(),
            "time", result.getAppendMessageResult().getStoreTimestamp());
    }

    private Version.Message message(String[] line) throws Exception {
        Version.Message message = new Version.Message();
        String properties = fill(message, line);
        message.setPropertiesString(properties);
        if (Version.STORE_MOVES_DELAYED && message.getTopic().equals("SCHEDULE_TOPIC_XXXX")) {
            message.setTopic(message.getProperty("REAL_TOPIC"));
            message.setQueueId(Integer.parseInt(message.getProperty("REAL_QID")));
        }
        return message;
    }

    private String fill(MessageExt message, String[] line) throws Exception {
        String properties = new String(BASE64.decode(line[13]), StandardCharsets.UTF_8);
        message.setTopic(line[1]);
        message.setQueueId(Integer.parseInt(line[2]));
        message.setFlag(Integer.parseInt(line[3]));
        message.setSysFlag(Integer.parseInt(line[4]));
        message.setBornHost(new InetSocketAddress(InetAddress.getByName(line[5]), Integer.parseInt(line[6])));
        message.setBornTimestamp(Long.parseLong(line[7]));
        message.setStoreHost(new InetSocketAddress(InetAddress.getByName(line[8]), Integer.parseInt(line[9])));
        message.setReconsumeTimes(Integer.parseInt(line[10]));
        message.setPreparedTransactionOffset(Long.parseLong(line[11]));
        message.setBody(line[12].startsWith("fill:") ? filling(line[12], line[1], properties) : BASE64.decode(line[12]));
        MessageAccessor.setProperties(message, MessageDecoder.string2messageProperties(properties));
        return properties;
    }

    private byte[] filling(String words, String topic, String properties) {
        int fileSize = config.getMappedFileSizeCommitLog();
        int room = (int) (fileSize - store.getMaxPhyOffset() % fileSize);
        int others = V1_IPV4_FIXED_BYTES + topic.length() + properties.getBytes(StandardCharsets.UTF_8).length;
        byte[] body = new byte[Math.max(0, room - Integer.parseInt(words.substring("fill:".length())) - others)];
        java.util.Arrays.fill(body, (byte) 'f');
        return body;
    }

    private void awaitDispatch() throws InterruptedException {
        while (store.dispatchBehindBytes() > 0) {
            Thread.sleep(1);
        }
    }
}
