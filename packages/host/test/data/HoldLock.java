import java.io.RandomAccessFile;

/** Takes a lock as RocketMQ's broker does: says `held` or `FILE_LOCKED`, holds until stdin ends. */
public class HoldLock {
    public static void main(String[] args) throws Exception {
        Object lock = new RandomAccessFile(args[0], "rw").getChannel().tryLock(0, 1, false);
        System.out.println(lock != null ? "held" : "FILE_LOCKED");
        while (System.in.read() >= 0) { }
    }
}
