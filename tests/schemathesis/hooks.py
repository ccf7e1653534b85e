"""What no schema can say: check digits, solved proofs of work, and a session to be seen with."""

import base64
import datetime
import functools
import hashlib
import json
import os
import re
import time
import urllib.request
from http.cookiejar import CookieJar

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

SITE = os.environ["SESAME_SITE"]

# The action of each form's proof.
ACTIONS = {
    "/api/check-siret": "check-siret",
    "/api/create-account": "create-account",
    "/api/recover/identifier": "recover",
    "/api/recover/password": "recover",
    "/api/link/renew": "recover",
    "/api/mail/{id}/address": "create-account",
    "/api/submit-ticket": "submit-ticket",
    "/api/session": "session",
    "/api/invitation/request": "recover",
    "/api/space/close": "session",
    "/api/space/email": "session",
    "/api/space/establishments/{siret}/close": "session",
    "/api/space/password": "session",
}

# Routes that tell of a link: of one that was sent.
LINKS = ("/api/link", "/api/link/renew")

# What a code is typed with.
OWNERS = {"identifier", "siret"}
TOKEN_SYMBOLS = 52

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans("OIL", "011")
SIRET = "35600000009075"
PASSWORD = "fenêtre sirop balcon 47 tambour"
MAIL_SECONDS_MAX = 20


def siret(digits: str) -> str:
    """13 digits and INSEE's check digit (Luhn)."""
    doubled = [int(digit) * (2 - rank % 2) for rank, digit in enumerate(reversed(digits))]
    return digits + str(-sum(each - 9 if each > 9 else each for each in doubled) % 10)


def times(a: int, b: int) -> int:
    """The product in GF(32), modulo x⁵ + x² + 1."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0b100101 if a & 0b10000 else 0)
        b >>= 1
    return product


def identifier(symbols: str) -> str:
    """Seven symbols and their check symbol."""
    check, weight = 0, 1
    for symbol in symbols:
        weight = times(weight, 18)
        check ^= times(weight, SYMBOLS.index(symbol))
    return symbols + SYMBOLS[check]


def mended_siret(typed: str) -> str:
    """The same spelling with a right check digit, and digits that some enterprise may have. A letter O is a zero:
    where it is one no more, it is spelled as the digit."""
    digits = re.sub("[^0-9]", "", re.sub("[Oo]", "0", typed))
    kept = digits[:-1] if digits[:9].strip("0") else "732829320" + digits[9:-1]
    rest = iter(siret(kept))

    def spelled(symbol: re.Match) -> str:
        digit = next(rest)
        return symbol.group() if digit == "0" and symbol.group() in "Oo" else digit

    return re.sub("[0-9Oo]", spelled, typed)


def mended_identifier(typed: str) -> str:
    """The same spelling with a right check symbol. The prefix, if there is one, comes before the last eight."""
    *random, last = re.finditer("[0-9A-Za-z]", typed)
    symbols = "".join(each.group() for each in random[-7:]).upper().translate(LOOKALIKES)
    return typed[: last.start()] + identifier(symbols)[-1] + typed[last.end() :]


schemathesis.openapi.format("siret", st.text("0123456789", min_size=13, max_size=13).map(siret).map(mended_siret))
schemathesis.openapi.format(
    "identifier", st.text(SYMBOLS, min_size=7, max_size=7).map(lambda symbols: "AP-" + identifier(symbols))
)


def call(method: str, path: str, body: dict | None = None, opener=urllib.request.build_opener()):
    """Asks the portal; gives what it answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SITE + path, data, {"Content-Type": "application/json"}, method=method)
    with opener.open(request) as response:
        return json.load(response)


def proof(action: str) -> str:
    """A challenge and its solution (ALTCHA, version 2)."""
    challenge = call("GET", f"/api/challenge?action={action}")
    asked = challenge["parameters"]
    nonce, salt = bytes.fromhex(asked["nonce"]), bytes.fromhex(asked["salt"])
    counter = 0
    while True:
        password = nonce + counter.to_bytes(4, "big")
        key = hashlib.pbkdf2_hmac("sha256", password, salt, asked["cost"], asked["keyLength"]).hex()
        if key.startswith(asked["keyPrefix"]):
            payload = {"challenge": challenge, "solution": {"counter": counter, "derivedKey": key}}
            return base64.b64encode(json.dumps(payload).encode()).decode()
        counter += 1


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives a right form its check digits, and its proof: only a solved one leads to what the form is for. A login
    with a proof is that of somebody who has an account; one without is a stranger's."""
    body = case.body
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if "{id}" in case.path:
        case.path_parameters["id"] = mail()
    # That of the account whose session it is.
    if case.path == "/api/space/journal" or "siret" in (case.query or {}):
        case.query = {**(case.query or {}), "siret": SIRET}
        # The first entry is the one that every journal has.
        if "from" in case.query:
            case.query["from"] = 1
    # Where a body is left out, the query says which.
    if (case.method, case.path) == ("DELETE", "/api/space/members/{member}"):
        case.body = body = {"siret": SIRET}
    if not isinstance(body, dict):
        return
    for name in ("siret", "other_siret"):
        if name in body:
            body[name] = mended_siret(body[name])
    mend_space(case.method, case.path, body)
    if "identifier" in body:
        body["identifier"] = mended_identifier(body["identifier"])
    if case.path in LINKS:
        body["token"] = account()[1]
    # A password is set by a token, or by a code and whose it is: the form's schema has each of them for itself.
    if "password" in body and case.path == "/api/set-password" and not ("code" in body and OWNERS & body.keys()):
        body.setdefault("token", "0" * TOKEN_SYMBOLS)
    if "proof" in body:
        body["proof"] = proof(ACTIONS[case.path])
        if "password" in body and case.path == "/api/session":
            body |= {"identifier": account()[0], "password": PASSWORD}


def mend_space(method: str, path: str, body: dict):
    """What no schema says of my space: which fields go together, and which days are to come."""
    if "from" in body and "until" in body:
        today = datetime.date.today()
        body |= {"from": str(today), "until": str(today + datetime.timedelta(days=30))}
    if path == "/api/space/mandates":
        body |= {"siret": SIRET, "other_siret": "41816609600069"}
    if path == "/api/space/mandates/batch":
        body["list"] = "SIRET\n41816609600069"
    if method == "PATCH":
        body.pop("state", None)
        body.setdefault("role", "holder")
    if path == "/api/invitation/accept" and {"password", "phone"} & body.keys():
        body |= {"password": PASSWORD, "phone": "01 23 45 67 89"}
    if body.get("is_successor"):
        body["role"] = "holder"


def token_of(email: str) -> str:
    """The token of the link that was sent to that address."""
    for _ in range(10 * MAIL_SECONDS_MAX):
        for mail in call("GET", "/mailbox.json"):
            if email in mail["to"]:
                return re.search("/#([0-9a-z]+)", mail["text"]).group(1)
        time.sleep(0.1)
    raise TimeoutError(f"no mail in {MAIL_SECONDS_MAX} seconds")


def apply(siret: str, email: str) -> str:
    """Applies for an account; gives the mail's id."""
    application = {
        "siret": siret,
        "establishment_name": "Boulangerie du Marché",
        "first_name": "Jeanne",
        "last_name": "Martin",
        "email": email,
        "phone": "01 23 45 67 89",
        "accept_terms": True,
        "proof": proof("create-account"),
    }
    return call("POST", "/api/create-account", application)["mail"]


@functools.cache
def mail() -> str:
    """The mail of an application that is not activated."""
    return apply("41816609600069", "attente@exemple.fr")


@functools.cache
def account() -> tuple[str, str]:
    """The identifier of an account that is active, and the token of its link, which has served."""
    email = "seance@exemple.fr"
    apply(SIRET, email)
    token = token_of(email)
    return call("POST", "/api/set-password", {"token": token, "password": PASSWORD})["identifier"], token


@schemathesis.auth().apply_to(path_regex="^/api/(session|access|space|space/.*)$", method="GET")
class Session:
    """Somebody who is logged in. Nothing else is sent the cookie: logging out would end the session."""

    def get(self, case, context):
        jar = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        call("POST", "/api/session", {"identifier": account()[0], "password": PASSWORD}, opener)
        return next(iter(jar))

    def set(self, case, cookie, context):
        case.cookies = {**(case.cookies or {}), cookie.name: cookie.value}
