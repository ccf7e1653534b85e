"""Writes the security headers of web/headers.json into infra/site.yaml; with --check, says whether they agree."""

import json
import re
import sys
from pathlib import Path

INFRA = Path(__file__).resolve().parent
TEMPLATE = INFRA / "site.yaml"
STATED = INFRA.parent / "web" / "headers.json"
BLOCK = re.compile(r"(?<=\n)(  # headers: begin [^\n]*\n)(.*?)(  # headers: end\n)", re.DOTALL)

# CloudFront knows these by name and takes them nowhere else; any other header is a custom one.
NAMED = {
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
}


def transport_security(value: str) -> dict:
    """`Strict-Transport-Security` as CloudFront wants it: in pieces."""
    parts = [part.strip().lower() for part in value.split(";")]
    age = next(part for part in parts if part.startswith("max-age="))
    return {
        "AccessControlMaxAgeSec": int(age.removeprefix("max-age=")),
        "IncludeSubdomains": "includesubdomains" in parts,
        "Preload": "preload" in parts,
        "Override": False,
    }


def policy(headers: dict) -> dict:
    """The properties of a response headers policy. A header that the origin sets itself stands."""
    security: dict = {}
    custom = []
    for name, value in headers.items():
        if name == "Content-Security-Policy":
            security["ContentSecurityPolicy"] = {"ContentSecurityPolicy": value, "Override": False}
        elif name == "Strict-Transport-Security":
            security["StrictTransportSecurity"] = transport_security(value)
        elif name == "Referrer-Policy":
            security["ReferrerPolicy"] = {"ReferrerPolicy": value, "Override": False}
        elif name == "X-Content-Type-Options":
            security["ContentTypeOptions"] = {"Override": False}
        elif name == "X-Frame-Options":
            security["FrameOptions"] = {"FrameOption": value, "Override": False}
        elif name in NAMED:
            raise SystemExit(f"headers.py does not know how CloudFront takes {name}")
        else:
            # Files in the bucket say themselves how long they keep: of what nobody may keep, this one stands.
            custom.append({"Header": name, "Value": value, "Override": name == "Cache-Control"})
    return {"SecurityHeadersConfig": security, "CustomHeadersConfig": {"Items": custom}}


def headers_of(config: dict) -> dict:
    """Reads the headers that a policy of CloudFront sets."""
    security = config.get("SecurityHeadersConfig", {})
    headers = {
        item["Header"]: item["Value"] for item in config.get("CustomHeadersConfig", {}).get("Items", [])
    }
    if "ContentSecurityPolicy" in security:
        headers["Content-Security-Policy"] = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    if "StrictTransportSecurity" in security:
        pieces = security["StrictTransportSecurity"]
        value = f"max-age={pieces['AccessControlMaxAgeSec']}"
        value += "; includeSubDomains" if pieces.get("IncludeSubdomains") else ""
        headers["Strict-Transport-Security"] = value + ("; preload" if pieces.get("Preload") else "")
    if "ReferrerPolicy" in security:
        headers["Referrer-Policy"] = security["ReferrerPolicy"]["ReferrerPolicy"]
    if "ContentTypeOptions" in security:
        headers["X-Content-Type-Options"] = "nosniff"
    if "FrameOptions" in security:
        headers["X-Frame-Options"] = security["FrameOptions"]["FrameOption"]
    return headers


def yaml(value, indent: int) -> str:
    """Enough YAML for a policy: mappings and lists in blocks, scalars as JSON."""
    pad = " " * indent
    if isinstance(value, dict):
        lines = []
        for key, inner in value.items():
            is_block = isinstance(inner, (dict, list)) and inner
            lines.append(
                f"{pad}{key}:" + ("\n" + yaml(inner, indent + 2) if is_block else f" {json.dumps(inner)}")
            )
        return "\n".join(lines)
    return "\n".join(f"{pad}- " + yaml(item, indent + 2).lstrip() for item in value)


def resource(name: str, suffix: str, headers: dict) -> str:
    """A policy, as the template has it."""
    config = yaml(policy(headers), 8)
    return (
        f"  {name}:\n"
        "    Type: AWS::CloudFront::ResponseHeadersPolicy\n"
        "    Properties:\n"
        "      ResponseHeadersPolicyConfig:\n"
        f"        Name: !Sub ${{Prefix}}-{suffix}\n"
        f"{config}\n"
    )


def of_folder(stated: dict, folder: str) -> dict:
    """All headers of a folder: its own over those of the site."""
    return {**stated["/"], **stated[folder]}


def block(stated: dict) -> str:
    """The policies, as the template has them."""
    resources = {"/": ("SecurityHeaders", "security"), "/agents/": ("AgentsHeaders", "agents")}
    if set(stated) != set(resources):
        raise SystemExit("headers.py does not know every folder of web/headers.json")
    return "".join(resource(*resources[folder], of_folder(stated, folder)) for folder in stated)


def main() -> int:
    text = TEMPLATE.read_text()
    fresh = block(json.loads(STATED.read_text()))
    written, found = BLOCK.subn(lambda match: match[1] + fresh + match[3], text)
    if found != 1:
        print("infra/site.yaml has no block of headers", file=sys.stderr)
        return 2
    if "--check" in sys.argv[1:]:
        if written != text:
            print(
                "infra/site.yaml has other headers than web/headers.json: run python3 infra/headers.py",
                file=sys.stderr,
            )
            return 1
        return 0
    TEMPLATE.write_text(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
