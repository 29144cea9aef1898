// Parses Mermaid texts, read from standard input as JSON by name; prints what is wrong by name.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document }); // Mermaid cleans labels with it
const { default: mermaid } = await import("mermaid");

const problems = {};
for (const [name, text] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  problems[name] = [];
  try {
    await mermaid.parse(text);
  } catch (error) {
    problems[name].push(error.message);
  }
}
console.log(JSON.stringify(problems));
