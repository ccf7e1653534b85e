// POST /api/check-siret, as it is usually written for Node: SDK v3 and its document client.
import { createHmac } from "node:crypto";
import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { verifySolution } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";

const { SESAME_TABLE: TableName, SESAME_PROOF_KEY, SESAME_HASH_KEY } = process.env;
const ACTION = "check-siret";
const PROOF_RETENTION_SECONDS = 3600;

const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));

const keyed = (key, label, value) => createHmac("sha256", key).update(`${label}\0${value}`).digest("hex");
const secrets = {
  hmacSignatureSecret: keyed(SESAME_PROOF_KEY, "altcha", "challenge"),
  hmacKeySignatureSecret: keyed(SESAME_PROOF_KEY, "altcha", "solution"),
};

const answer = (statusCode, body) => ({
  statusCode,
  headers: { "content-type": statusCode < 400 ? "application/json" : "application/problem+json" },
  body: JSON.stringify(body),
});
const problem = (status, name, more) => answer(status, { type: `/problems/${name}`, status, ...more });

/** The 14 digits, or null. */
function parseSiret(typed) {
  const digits = String(typed ?? "").replace(/[\s.\-/]/g, "");
  if (!/^\d{14}$/.test(digits)) return null;
  const sum = [...digits].reduce((total, digit, index) => {
    const value = digit * (index % 2 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0 ? digits : null;
}

/** The challenge of a genuine proof, or null. */
async function verifyProof(encoded) {
  try {
    const { challenge, solution } = JSON.parse(Buffer.from(encoded, "base64").toString());
    const { verified } = await verifySolution({ challenge, solution, deriveKey, ...secrets });
    return verified && challenge.parameters.data?.action === ACTION ? challenge : null;
  } catch {
    return null;
  }
}

const hasAccount = async (siret) => {
  const Key = { pk: `SIRET#${siret}`, sk: "ESTABLISHMENT" };
  return Boolean((await table.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item);
};

/** False when the proof served another body. */
async function spend(challenge, bodyHash) {
  const Item = {
    pk: `PROOF#${challenge.signature}`,
    sk: "PROOF",
    body_hash: bodyHash,
    receipt: JSON.stringify({ kind: "check" }),
    expires_at: challenge.parameters.expiresAt + PROOF_RETENTION_SECONDS,
  };
  try {
    const ConditionExpression = "attribute_not_exists(pk)";
    const ReturnValuesOnConditionCheckFailure = "ALL_OLD";
    await table.send(new PutCommand({ TableName, Item, ConditionExpression, ReturnValuesOnConditionCheckFailure }));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return error.Item?.body_hash?.S === bodyHash;
    throw error;
  }
}

export async function handler(event) {
  let form;
  try {
    form = JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body);
  } catch {
    return problem(400, "malformed-body");
  }
  const siret = parseSiret(form.siret);
  const errors = siret ? [] : [{ field: "siret" }];
  if (form.accept_terms !== true) errors.push({ field: "accept_terms" });
  if (errors.length > 0) return problem(422, "invalid-fields", { errors });
  const challenge = await verifyProof(form.proof);
  if (!challenge) return problem(403, "proof-rejected");
  const { proof: _, ...body } = form;
  const bodyHash = keyed(SESAME_HASH_KEY, ACTION, JSON.stringify(body));
  const [exists, isSpent] = await Promise.all([hasAccount(siret), spend(challenge, bodyHash)]);
  if (!isSpent) return problem(409, "proof-already-used");
  return answer(200, { siret, account: exists ? "exists" : "none" });
}
