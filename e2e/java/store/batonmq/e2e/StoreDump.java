package batonmq.e2e;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.store.ConsumeQueue;
import org.apache.rocketmq.store.ConsumeQueueExt;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.GetMessageResult;
import org.apache.rocketmq.store.GetMessageStatus;
import org.apache.rocketmq.store.QueryMessageResult;
import org.apache.rocketmq.store.SelectMappedBufferResult;

/**
 * Tells all that a store has, as its readers see it. Events: queue {topic, queue, min, max}; message with the place in the queue, the
 * fields of its record, CRCs of the record, the body and the properties, and the tags code of its queue unit; found {topic, key, offsets}.
 */
final class StoreDump {
    private final DefaultMessageStore store;
    private final Events events;

    StoreDump(DefaultMessageStore store, Events events) {
        this.store = store;
        this.events = events;
    }

    void all() throws Exception {
        Map<String, ? extends Map<Integer, ?>> table = new TreeMap<>(store.getConsumeQueueTable());
        for (Map.Entry<String, ? extends Map<Integer, ?>> topic : table.entrySet()) {
            for (Integer queue : new TreeMap<>(topic.getValue()).keySet()) {
                queue(topic.getKey(), queue);
            }
        }
    }

    void key(String topic, String key) {
        QueryMessageResult result = store.queryMessage(topic, key, 64, 0, System.currentTimeMillis() + 3_600_000);
        List<Long> offsets = new ArrayList<>();
        for (ByteBuffer record : result.getMessageBufferList()) {
            offsets.add(record.getLong(record.position() + 28));
        }
        result.release();
        Collections.sort(offsets);
        events.emit("found", "topic", topic, "key", key, "offsets",
            offsets.stream().map(String::valueOf).collect(Collectors.joining(",")));
    }

    void time(String topic, int queue, long time) {
        if (Version.KNOWS_BOUNDARIES) {
            events.emit("atTime", "topic", topic, "queue", queue, "time", time,
                "lower", Version.offsetByTime(store, topic, queue, time, true),
                "upper", Version.offsetByTime(store, topic, queue, time, false));
        }
    }

    private void queue(String topic, int queue) throws Exception {
        long min = store.getMinOffsetInQueue(topic, queue);
        long max = store.getMaxOffsetInQueue(topic, queue);
        if (max == 0) {
            return; // 4.9 makes empty queues for all delay levels
        }
        events.emit("queue", "topic", topic, "queue", queue, "min", min, "max", max);
        Object found = store.findConsumeQueue(topic, queue);
        ConsumeQueue units = found instanceof ConsumeQueue ? (ConsumeQueue) found : null;
        for (long offset = min; offset < max; ) {
            GetMessageResult result = store.getMessage("e2e", topic, queue, offset, 32, null);
            if (result.getStatus() != GetMessageStatus.FOUND) {
                throw new IllegalStateException(topic + "-" + queue + " at " + offset + ": " + result.getStatus());
            }
            long at = offset;
            for (SelectMappedBufferResult record : result.getMessageMapedList()) {
                message(topic, queue, at, record.getByteBuffer(), units);
                at++;
            }
            offset = result.getNextBeginOffset();
            result.release();
        }
    }

    private void message(String topic, int queue, long at, ByteBuffer record, ConsumeQueue units) {
        byte[] bytes = new byte[record.remaining()];
        record.duplicate().get(bytes);
        MessageExt message = MessageDecoder.decode(record, true, false);
        events.emit("message", "topic", topic, "queue", queue, "at", at, "offset", message.getCommitLogOffset(), "bytes", bytes.length,
            "record", crc(bytes), "recordTopic", message.getTopic(), "flag", message.getFlag(), "sysFlag", message.getSysFlag(),
            "bornHost", host(message.getBornHost()), "bornTimestamp", message.getBornTimestamp(), "storeHost", host(message.getStoreHost()),
            "storeTimestamp", message.getStoreTimestamp(), "reconsumeTimes", message.getReconsumeTimes(),
            "prepared", message.getPreparedTransactionOffset(), "body", crc(message.getBody()),
            "properties", crc(text(message.getProperties()).getBytes(StandardCharsets.UTF_8)),
            "tagsCode", units == null ? "" : tagsCode(units, at));
    }

    private static String tagsCode(ConsumeQueue units, long at) {
        SelectMappedBufferResult unit = units.getIndexBuffer(at);
        try {
            long code = unit.getByteBuffer().getLong(12);
            ConsumeQueueExt.CqExtUnit extended = new ConsumeQueueExt.CqExtUnit();
            return String.valueOf(units.isExtAddr(code) && units.getExt(code, extended) ? extended.getTagsCode() : code);
        } finally {
            unit.release();
        }
    }

    private static String text(Map<String, String> properties) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(properties == null ? Map.<String, String>of() : properties).forEach((name, value) -> text.append(name).append('=').append(value).append('\n'));
        return text.toString();
    }

    private static String host(SocketAddress address) {
        InetSocketAddress host = (InetSocketAddress) address;
        StringBuilder text = new StringBuilder();
        for (byte part : host.getAddress().getAddress()) {
            text.append(String.format("%02x", part));
        }
        return text.append(':').append(host.getPort()).toString();
    }

    private static long crc(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes == null ? new byte[0] : bytes);
        return crc.getValue();
    }
}
