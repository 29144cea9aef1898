// Reads manifests as a JSON list from standard input; prints what is wrong with them, one per line.
import { readFileSync } from "node:fs";
import { ExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret";
import { SecretStore } from "@kubernetes-models/external-secrets/external-secrets.io/v1/SecretStore";

const kinds = { ExternalSecret, SecretStore };
for (const manifest of JSON.parse(readFileSync(0, "utf-8"))) {
  try {
    new kinds[manifest.kind](manifest).validate();
  } catch (error) {
    console.log(`${manifest.kind}: ${error.message}`);
  }
}
