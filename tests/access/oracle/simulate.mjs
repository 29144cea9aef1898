// Reads one simulation per line from standard input; prints the simulator's answer to each, as JSON.
import { createInterface } from "node:readline";
import { runSimulation } from "@cloud-copilot/iam-simulate";

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation(JSON.parse(line), {});
  const { overallResult: verdict, errors, result } = answer;
  console.log(JSON.stringify({ verdict, errors, ignored: result?.ignoredContextKeys }));
}
