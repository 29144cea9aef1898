import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const secretsManager = new SecretsManagerClient({});

/** Calls an external API with the key that stands in Secrets Manager. */
export const handler = async () => {
  const { SecretString: apiKey } = await secretsManager.send(
    new GetSecretValueCommand({ SecretId: process.env.API_KEY_SECRET_ARN }),
  );
  const answer = await fetch(process.env.API_URL, { headers: { "x-api-key": apiKey } });
  return { statusCode: answer.status };
};
