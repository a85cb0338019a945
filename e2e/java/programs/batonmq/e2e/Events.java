package batonmq.e2e;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Writes one JSON object per line to standard output; everything else a program or its libraries print goes to standard error. */
final class Events {
    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

    Events() {
        System.setOut(System.err);
    }

    /** @param fields alternating names and values; a value is a Number, a Boolean or is written as a string */
    void emit(String event, Object... fields) {
        StringBuilder line = new StringBuilder(96);
        line.append("{\"event\":");
        quote(line, event);
        for (int i = 0; i < fields.length; i += 2) {
            line.append(',');
            quote(line, (String) fields[i]);
            line.append(':');
            Object value = fields[i + 1];
            if (value == null || value instanceof Number || value instanceof Boolean) {
                line.append(value);
            } else {
                quote(line, value.toString());
            }
        }
        byte[] bytes = line.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
        synchronized (out) {
            try {
                out.write(bytes);
            } catch (IOException gone) {
                Runtime.getRuntime().halt(3); // nobody reads any more: the test that started this program has ended
            }
        }
    }

    private static void quote(StringBuilder line, String text) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                line.append('\\').append(c);
            } else if (c < ' ') {
                line.append(String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
        line.append('"');
    }
}
