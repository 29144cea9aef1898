// Prints one JSON key of a secret, read through Powertools' cache: node client.js SECRET_ID [JSON_KEY]
import { pathToFileURL } from "node:url";
import { getSecret } from "@aws-lambda-powertools/parameters/secrets";

const MAX_AGE_SECONDS = 300;

/** Reads a structured secret by name or ARN, from memory while it is fresh. */
export const readSecret = (secretId) =>
  getSecret(secretId, { maxAge: MAX_AGE_SECONDS, transform: "json" });

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [secretId, key = "password"] = process.argv.slice(2);
  const secret = await readSecret(secretId);
  console.log(secret[key]);
}
