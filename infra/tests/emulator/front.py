"""What CloudFront is to the deployed API, and the portal to its tests: one address for API, pages and mails."""

import http.client
import json
import mimetypes
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

# Headers of one connection, which a proxy does not pass on.
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}


class Front(ThreadingHTTPServer):
    """`/api/*` goes to the HTTP API, `/mailbox.json` is the emulator's inbox, anything else is a page."""

    daemon_threads = True
    # A whole crowd of a test may connect at once.
    request_queue_size = 1024

    def __init__(self, port: int, emulator: str, pages: Path | None):
        super().__init__(("127.0.0.1", port), Handler)
        self.emulator = urlsplit(emulator)
        self.pages = pages
        self.api_id = ""
        self.origin_secret = ""

    @property
    def address(self) -> str:
        return f"http://localhost:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def answer(self) -> None:
        # The body is read whatever becomes of it: the connection may serve again.
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path.startswith("/api/") and path != "/api/openapi.json":
            self.forward(body)
        elif path == "/mailbox.json":
            self.reply(200, {"Content-Type": "application/json"}, json.dumps(self.mails()).encode())
        else:
            self.page(path)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def forward(self, body: bytes) -> None:
        """To the API by its own path; the headers as they came, the host apart, as CloudFront does."""
        upstream = http.client.HTTPConnection(
            self.server.emulator.hostname, self.server.emulator.port, timeout=60
        )
        try:
            upstream.putrequest(
                self.command,
                f"/_aws/execute-api/{self.server.api_id}/$default{self.path}",
                skip_accept_encoding=True,
            )
            for name, value in self.headers.items():
                if name.lower() not in HOP | {"x-sesame-origin"}:
                    upstream.putheader(name, value)
            upstream.putheader("x-sesame-origin", self.server.origin_secret)
            upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body)
            answer = upstream.getresponse()
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
            # What the emulator adds of its own, and API Gateway does not.
            headers = [
                (name, value) for name, value in headers if not name.lower().startswith("access-control-")
            ]
            self.reply(answer.status, headers, answer.read())
        finally:
            upstream.close()

    def mails(self) -> list:
        """The inbox, newest first, in the words of the portal's `/mailbox.json`."""
        address = f"{self.server.emulator.geturl()}/_ministack/ses/messages"
        with urllib.request.urlopen(address) as answer:
            of_accounts = json.load(answer)["messages"]
        listed = sorted(
            (mail for mails in of_accounts.values() for mail in mails), key=lambda mail: mail["Timestamp"]
        )
        return [
            {
                "id": mail["MessageId"],
                "at": datetime.fromtimestamp(mail["Timestamp"], timezone.utc)
                .isoformat()
                .replace("+00:00", "Z"),
                "from": mail["Source"],
                "to": mail["To"],
                "reply_to": mail["ReplyTo"],
                "subject": mail["Subject"],
                "text": mail["BodyText"],
                "html": mail["BodyHtml"],
            }
            for mail in reversed(listed)
        ]

    def page(self, path: str) -> None:
        root = self.server.pages
        found = root / (path + "index.html" if path.endswith("/") else path).lstrip("/") if root else None
        if found is None or ".." in path or not found.is_file():
            missing = root / "404.html" if root else None
            body = missing.read_bytes() if missing and missing.is_file() else b"not found\n"
            self.reply(404, {"Content-Type": "text/html; charset=utf-8"}, body)
            return
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        kind += "; charset=utf-8" if kind.startswith("text/") else ""
        self.reply(200, {"Content-Type": kind}, found.read_bytes())

    def reply(self, status: int, headers, body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Nothing: a test prints what it wants to say."""
