import com.amazonaws.secretsmanager.caching.SecretCache;

/** Prints a secret's value, read through AWS's cache: mvn -q compile exec:java -Dexec.args=SECRET_ID */
public final class Client {
    private Client() {}

    public static void main(String[] arguments) {
        // One cache per process: it reads a value again after an hour, and so a rotated one.
        try (SecretCache cache = new SecretCache()) {
            System.out.println(cache.getSecretString(arguments[0]));
        }
    }
}
