package batonmq.e2e;

import java.io.IOException;

/** A program runs until its standard input ends, so that it never outlives the test that started it. */
final class Stop {
    private Stop() {
    }

    static void await() throws IOException {
        byte[] bytes = new byte[64];
        while (System.in.read(bytes) >= 0) {
            // what is written there has no meaning, only its end has
        }
    }
}
