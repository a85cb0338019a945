package batonmq.e2e;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A numbered message body: {@code number|xxxx...}, so that what was consumed can be told from the bytes alone. */
final class Body {
    private Body() {
    }

    static byte[] of(long number, int bytes) {
        byte[] start = (number + "|").getBytes(StandardCharsets.US_ASCII);
        byte[] body = Arrays.copyOf(start, Math.max(bytes, start.length));
        Arrays.fill(body, start.length, body.length, (byte) 'x');
        return body;
    }

    /** @return the number, or -1 if the body is not one that {@link #of} made */
    static long numberOf(byte[] body) {
        long number = 0;
        for (int i = 0; i < body.length && i < 19; i++) {
            if (body[i] == '|') {
                return i > 0 && onlyPaddingFrom(body, i + 1) ? number : -1;
            }
            if (body[i] < '0' || body[i] > '9') {
                return -1;
            }
            number = number * 10 + (body[i] - '0');
        }
        return -1;
    }

    private static boolean onlyPaddingFrom(byte[] body, int at) {
        for (int i = at; i < body.length; i++) {
            if (body[i] != 'x') {
                return false;
            }
        }
        return true;
    }
}
