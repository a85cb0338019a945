package batonmq.e2e;

/** Runs the body of a main: its end, good or bad, is the end of the JVM, whatever threads a client leaves running. */
final class Program {
    interface Body {
        void run() throws Exception;
    }

    private Program() {
    }

    static void run(Body body) {
        int code = 0;
        try {
            body.run();
        } catch (Throwable failed) {
            failed.printStackTrace();
            code = 1;
        }
        System.exit(code);
    }
}
