"""POST /api/check-siret, as it is usually written for Python: boto3 and its table resource."""

import base64
import hashlib
import hmac
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import boto3
from altcha import Payload, verify_solution
from botocore.exceptions import ClientError

ACTION = "check-siret"
PROOF_RETENTION_SECONDS = 3600

table = boto3.resource("dynamodb").Table(os.environ["SESAME_TABLE"])
# A resource of boto3 serves one thread, its client any number: the two calls are made at once.
client = table.meta.client
calls = ThreadPoolExecutor(max_workers=2)


def keyed(key: str, label: str, value: str) -> str:
    return hmac.new(key.encode(), f"{label}\0{value}".encode(), hashlib.sha256).hexdigest()


PROOF_KEY, HASH_KEY = os.environ["SESAME_PROOF_KEY"], os.environ["SESAME_HASH_KEY"]
CHALLENGE_SECRET = keyed(PROOF_KEY, "altcha", "challenge")
SOLUTION_SECRET = keyed(PROOF_KEY, "altcha", "solution")


def answer(status: int, body: dict) -> dict:
    media_type = "application/json" if status < 400 else "application/problem+json"
    return {"statusCode": status, "headers": {"content-type": media_type}, "body": json.dumps(body)}


def problem(status: int, name: str, **more) -> dict:
    return answer(status, {"type": f"/problems/{name}", "status": status, **more})


def parse_siret(typed) -> str | None:
    """The 14 digits."""
    digits = re.sub(r"[\s.\-/]", "", str(typed or ""))
    if not re.fullmatch(r"[0-9]{14}", digits):
        return None
    values = [int(digit) * (1 if rank % 2 else 2) for rank, digit in enumerate(digits)]
    return digits if sum(value - 9 if value > 9 else value for value in values) % 10 == 0 else None


def verify_proof(encoded):
    """The challenge of a genuine proof."""
    try:
        payload = Payload.from_base64(encoded)
        result = verify_solution(payload, CHALLENGE_SECRET, hmac_key_secret=SOLUTION_SECRET)
        challenge = payload.challenge
        is_ours = (challenge.parameters.data or {}).get("action") == ACTION
    except (ValueError, KeyError, TypeError):
        return None
    return challenge if result.verified and is_ours else None


def has_account(siret: str) -> bool:
    key = {"pk": f"SIRET#{siret}", "sk": "ESTABLISHMENT"}
    return "Item" in client.get_item(TableName=table.name, Key=key, ConsistentRead=True)


def spend(challenge, body_hash: str) -> bool:
    """False when the proof served another body."""
    row = {
        "pk": f"PROOF#{challenge.signature}",
        "sk": "PROOF",
        "body_hash": body_hash,
        "receipt": json.dumps({"kind": "check"}),
        "expires_at": challenge.parameters.expires_at + PROOF_RETENTION_SECONDS,
    }
    try:
        client.put_item(
            TableName=table.name,
            Item=row,
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return error.response.get("Item", {}).get("body_hash", {}).get("S") == body_hash
    return True


def handler(event, _context):
    body = event.get("body") or ""
    try:
        form = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    except ValueError:
        return problem(400, "malformed-body")
    siret = parse_siret(form.get("siret"))
    errors = [] if siret else [{"field": "siret"}]
    if form.get("accept_terms") is not True:
        errors.append({"field": "accept_terms"})
    if errors:
        return problem(422, "invalid-fields", errors=errors)
    challenge = verify_proof(form.pop("proof", ""))
    if challenge is None:
        return problem(403, "proof-rejected")
    body_hash = keyed(HASH_KEY, ACTION, json.dumps(form, sort_keys=True))
    exists, is_spent = calls.submit(has_account, siret), calls.submit(spend, challenge, body_hash)
    if not is_spent.result():
        return problem(409, "proof-already-used")
    return answer(200, {"siret": siret, "account": "exists" if exists.result() else "none"})
