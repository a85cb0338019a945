package batonmq.e2e;

import com.sun.management.OperatingSystemMXBean;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.GetMessageResult;
import org.apache.rocketmq.store.GetMessageStatus;
import org.apache.rocketmq.store.SelectMappedBufferResult;
import org.apache.rocketmq.store.config.FlushDiskType;
import org.apache.rocketmq.store.config.MessageStoreConfig;

/**
 * RocketMQ's side of the store benchmark; its twin is tools/bench/store-bench-ours.mjs. One thread puts, up to {@code window} messages in
 * flight; the same properties, queues and topics on both sides.
 *
 * <p>Arguments: dir; sync (0 or 1); fileMb (of a commit log file; 0: the default); port; and steps, comma separated:
 * {@code append:bytes:count}, {@code read} (the newest messages), {@code readOld} (the first three quarters of every queue),
 * {@code write:megabytes:topics}, {@code backMemory:megabytes}, {@code memory}, {@code stop}.
 * Events: opened {ms}; append {bytes, perSecond, cpuNs, p99Us, dispatchedPerSecond}; read {perSecond, cpuNs, messages, bytes,
 * diskBytes}; written; backed; memory {kib}; stopped.
 */
public final class StoreBench {
    private static final int QUEUES = 8;
    private static final int WINDOW = 64;
    /** The part of the log that tail reads cover: 28 MB. */
    private static final int TAIL_MESSAGES = 24_000;
    /** Most that one pull brings. */
    private static final int SOCKET_BYTES = 1 << 20;
    private static final String ZEROS = "000000000000";
    private static final InetSocketAddress HOST = new InetSocketAddress("127.0.0.1", 10911);

    private final Events events = new Events();
    private final DefaultMessageStore store;
    private final String dir;
    private int serial;

    private StoreBench(Options options) throws Exception {
        dir = options.text("dir");
        MessageStoreConfig config = new MessageStoreConfig();
        config.setStorePathRootDir(dir);
        config.setStorePathCommitLog(dir + "/commitlog");
        config.setHaListenPort(options.number("port"));
        config.setFlushDiskType(options.number("sync") == 1 ? FlushDiskType.SYNC_FLUSH : FlushDiskType.ASYNC_FLUSH);
        if (options.number("fileMb") > 0) {
            config.setMappedFileSizeCommitLog(options.number("fileMb") << 20);
        }
        long from = System.nanoTime();
        store = Version.open(config, "");
        if (!store.load()) {
            throw new IllegalStateException("the store does not load");
        }
        store.start();
        events.emit("opened", "ms", (System.nanoTime() - from) / 1e6);
    }

    public static void main(String[] args) {
        Program.run(() -> {
            Options options = new Options(args);
            StoreBench bench = new StoreBench(options);
            for (String step : options.text("steps").split(",")) {
                bench.step(step.split(":"));
            }
            Stop.await();
        });
    }

    private void step(String[] step) throws Exception {
        switch (step[0]) {
            case "append":
                append(Integer.parseInt(step[1]), Integer.parseInt(step[2]));
                break;
            case "read":
                read(true);
                break;
            case "readOld":
                read(false);
                break;
            case "write":
                write(Long.parseLong(step[1]) << 20, Integer.parseInt(step[2]));
                break;
            case "backMemory":
                backMemory(Long.parseLong(step[1]));
                break;
            case "memory":
                events.emit("memory", "kib", anonymousKib());
                break;
            case "stop":
                store.shutdown();
                events.emit("stopped");
                break;
            default:
                throw new IllegalArgumentException(step[0]);
        }
    }

    private void append(int bytes, int count) throws Exception {
        byte[] body = new byte[bytes];
        Arrays.fill(body, (byte) 'a');
        long[] latencies = new long[count];
        AtomicInteger failed = new AtomicInteger();
        Semaphore window = new Semaphore(WINDOW);
        long cpu = cpuNanos();
        long from = System.nanoTime();
        for (int i = 0; i < count; i++) {
            window.acquire();
            int number = i;
            long at = System.nanoTime();
            store.asyncPutMessage(message("BenchTopic", body)).thenAccept(result -> {
                latencies[number] = System.nanoTime() - at;
                if (!result.isOk()) {
                    failed.incrementAndGet();
                }
                window.release();
            });
        }
        window.acquire(WINDOW);
        long appended = System.nanoTime() - from;
        awaitDispatch();
        long dispatched = System.nanoTime() - from;
        long used = cpuNanos() - cpu;
        if (failed.get() > 0) {
            throw new IllegalStateException(failed + " puts failed");
        }
        Arrays.sort(latencies);
        events.emit("append", "bytes", bytes, "perSecond", count * 1e9 / appended,
            "cpuNs", used / (double) count, "p99Us", latencies[(int) (count * 0.99)] / 1000,
            "dispatchedPerSecond", count * 1e9 / dispatched);
    }

    private void write(long bytes, int topics) throws Exception {
        byte[] body = new byte[1024];
        Arrays.fill(body, (byte) 'a');
        long end = store.getMaxPhyOffset() + bytes;
        String[] names = new String[topics];
        for (int i = 0; i < topics; i++) {
            names[i] = "BenchTopic" + i;
        }
        while (store.getMaxPhyOffset() < end) {
            if (!store.putMessage(message(names[serial % topics], body)).isOk()) {
                throw new IllegalStateException("a put failed");
            }
        }
        awaitDispatch();
        events.emit("written", "bytes", store.getMaxPhyOffset());
    }

    private Version.Message message(String topic, byte[] body) {
        String number = Integer.toHexString(serial);
        String properties = "UNIQ_KEY\u00017F0000010BB818B4AAC2" + ZEROS.substring(number.length()) + number
            + "\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002";
        Version.Message message = new Version.Message();
        message.setTopic(topic);
        message.setQueueId(serial++ & QUEUES - 1);
        message.setBody(body);
        message.setBornTimestamp(1_700_000_000_000L);
        message.setBornHost(HOST);
        message.setStoreHost(HOST);
        MessageAccessor.setProperties(message, MessageDecoder.string2messageProperties(properties));
        message.setPropertiesString(properties);
        return message;
    }

    /** All queues at the same pace, as consumers that catch up do. */
    private void read(boolean tail) throws Exception {
        long disk = diskBytes();
        long from = System.nanoTime();
        long cpu = cpuNanos();
        long read = 0;
        long bytes = 0;
        byte[] socket = new byte[SOCKET_BYTES];
        String topic = store.getMaxOffsetInQueue("BenchTopic", 0) > 0 ? "BenchTopic" : "BenchTopic0";
        long[] ends = new long[QUEUES];
        long[] offsets = new long[QUEUES];
        for (int queue = 0; queue < QUEUES; queue++) {
            long max = store.getMaxOffsetInQueue(topic, queue);
            ends[queue] = tail ? max : max * 3 / 4;
            offsets[queue] = tail ? Math.max(0, max - TAIL_MESSAGES / QUEUES) : 0;
        }
        for (boolean more = true; more; ) {
            more = false;
            for (int queue = 0; queue < QUEUES; queue++) {
                if (offsets[queue] >= ends[queue]) {
                    continue;
                }
                GetMessageResult result = store.getMessage("bench", topic, queue, offsets[queue], 32, null);
                if (result.getStatus() != GetMessageStatus.FOUND) {
                    throw new IllegalStateException(topic + "-" + queue + " at " + offsets[queue] + ": " + result.getStatus());
                }
                int at = 0;
                for (SelectMappedBufferResult record : result.getMessageMapedList()) {
                    // what goes to a socket is copied once, by the kernel
                    record.getByteBuffer().get(socket, at, record.getSize());
                    at += record.getSize();
                    read++;
                }
                bytes += at;
                offsets[queue] = result.getNextBeginOffset();
                result.release();
                more = true;
            }
        }
        events.emit("read", "perSecond", read * 1e9 / (System.nanoTime() - from), "cpuNs", (cpuNanos() - cpu) / (double) read,
            "messages", read, "bytes", bytes, "diskBytes", diskBytes() - disk);
    }

    /** See store-bench.mjs, coldRead. */
    private void backMemory(long megabytes) throws Exception {
        Path path = Path.of(dir + ".holes");
        byte[] buffer = new byte[1 << 18];
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(megabytes << 20);
            while (file.read(buffer) > 0) {
                continue;
            }
        }
        Files.delete(path);
        events.emit("backed");
    }

    /** Of all threads: those of the compiler and the collector too. */
    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    /** Bytes that this process has had read from the disk, page faults and what the kernel reads ahead for it included. */
    private static long diskBytes() throws Exception {
        return numberIn("/proc/self/io", "read_bytes:");
    }

    private void awaitDispatch() throws InterruptedException {
        while (store.dispatchBehindBytes() > 0) {
            Thread.sleep(0, 100_000);
        }
    }

    private static long anonymousKib() throws Exception {
        return numberIn("/proc/self/status", "RssAnon:");
    }

    private static long numberIn(String file, String name) throws Exception {
        for (String line : Files.readAllLines(Path.of(file), StandardCharsets.US_ASCII)) {
            if (line.startsWith(name)) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IllegalStateException("no " + name + " in " + file);
    }
}
