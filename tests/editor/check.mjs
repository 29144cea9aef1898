// Compiles a schema, read from standard input, as SchemaStore does: in Ajv's strict mode.
import { readFileSync } from "node:fs";
import Ajv from "ajv";

const ajv = new Ajv.default({ strict: true });
ajv.addKeyword("errorMessage");
ajv.compile(JSON.parse(readFileSync(0, "utf8")));
