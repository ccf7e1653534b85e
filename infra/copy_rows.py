"""Copies rows from one table to another, such as from a restored one back to the one that serves (docs/operations.md).

    python3 infra/copy_rows.py --from sesame-restored --to sesame-Table-1A2B [--prefix ACCOUNT#] [--replace] [--yes]

Without `--replace` a row that is there stays as it is. Without `--yes` it only counts. It says how many, never which.
Needs boto3, AWS_DEFAULT_REGION, and the credentials of a person who may read the one and write the other.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3

SEGMENTS = 8


def copy_segment(given: argparse.Namespace, segment: int) -> tuple[int, int]:
    """Copies one part of the table. Gives how many rows were written, and how many stood in their own way."""
    client = boto3.client("dynamodb")
    scan = {"TableName": given.source, "Segment": segment, "TotalSegments": SEGMENTS, "ConsistentRead": True}
    if given.prefix:
        scan["FilterExpression"] = "begins_with(pk, :prefix)"
        scan["ExpressionAttributeValues"] = {":prefix": {"S": given.prefix}}
    written = stood = 0
    for page in client.get_paginator("scan").paginate(**scan):
        for row in page["Items"]:
            if write(client, given, row):
                written += 1
            else:
                stood += 1
    return written, stood


def write(client, given: argparse.Namespace, row: dict) -> bool:
    """Writes one row, or only looks. Whether nothing stood in its way."""
    if not given.yes:
        key = {"pk": row["pk"], "sk": row["sk"]}
        return given.replace or "Item" not in client.get_item(TableName=given.target, Key=key)
    put = {"TableName": given.target, "Item": row}
    if not given.replace:
        put["ConditionExpression"] = "attribute_not_exists(pk)"
    try:
        client.put_item(**put)
        return True
    except client.exceptions.ConditionalCheckFailedException:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--to", dest="target", required=True)
    parser.add_argument("--prefix", default="", help="only rows whose partition key begins so")
    parser.add_argument("--replace", action="store_true", help="also where a row stands")
    parser.add_argument("--yes", action="store_true", help="do it")
    given = parser.parse_args()
    with ThreadPoolExecutor(SEGMENTS) as workers:
        done = list(workers.map(lambda segment: copy_segment(given, segment), range(SEGMENTS)))
    written, stood = sum(each[0] for each in done), sum(each[1] for each in done)
    print(f"{written} rows {'written' if given.yes else 'would be written'}, {stood} were there already")
    return 0


if __name__ == "__main__":
    sys.exit(main())
