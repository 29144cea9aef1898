import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Ruler;

/**
 * Answers each line of standard input, which is a JSON object with a pattern and events, with a line:
 * a JSON array of booleans, or why the pattern is not valid.
 */
public class Judge {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode asked = mapper.readTree(line);
            String pattern = asked.get("pattern").asText();
            String problem = JsonRuleCompiler.check(pattern);
            if (problem != null) {
                System.out.println(mapper.writeValueAsString(problem));
                continue;
            }

            boolean[] answers = new boolean[asked.get("events").size()];
            for (int i = 0; i < answers.length; i++) {
                answers[i] = Ruler.matchesRule(asked.get("events").get(i).toString(), pattern);
            }

            System.out.println(mapper.writeValueAsString(answers));
        }
    }
}
