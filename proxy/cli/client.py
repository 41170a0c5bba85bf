"""The commands' HTTP client for a proxy's admin port.

The standard library's http.client, not urllib: it reads no proxy settings from the environment, so an `http_proxy` set
for other things cannot swallow a `halt`.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from proxy.cli.output import Trouble

Json = dict[str, Any]

TIMEOUT = 10.0  # seconds to connect, and between two pieces of an answer
ANSWER_CAP = 64 * 1024 * 1024  # bytes
HINT = "Start it with `strangler run`, or name another with --admin URL."


class Refused(Trouble):
    """The proxy understood and said no (409): `problem` is its problem document (RFC 9457)."""

    def __init__(self, problem: Json) -> None:
        super().__init__(_said(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Client:
    """One admin port. `named_by` says where its address came from."""

    url: str
    token: str | None
    named_by: str

    @classmethod
    def find(cls, admin: str | None, token: str | None, state: Path) -> Client:
        """The admin port at `admin`, or that of the local proxy whose state folder is `state`."""
        if admin:
            return cls(_checked(admin, "--admin"), _sane(token), "--admin or STRANGLER_ADMIN")
        file = state / "admin.json"
        try:
            url = json.loads(file.read_text("utf-8"))["url"]
        except FileNotFoundError:
            raise Trouble(
                f"No running proxy found: there is no {file}.",
                "Start one with `strangler run`, name its state folder with --state, or its address with --admin.",
            ) from None
        except OSError as error:
            raise Trouble(
                f"Cannot read {file}: {error.strerror}.", "Name the proxy with --admin URL instead."
            ) from None
        except (ValueError, KeyError, TypeError):
            raise Trouble(
                f"{file} does not name an admin address.", "Name the proxy with --admin URL instead."
            ) from None
        return cls(_checked(str(url), str(file)), _sane(token), str(file))

    def get(self, *path: str, **query: object) -> Json:
        """GET /api/v1/ and `path`, each part of it escaped; query parameters that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", _target(path) + (f"?{urlencode(given)}" if given else ""), None)

    def post(self, *path: str, **fields: object) -> Json:
        """POST `fields` as JSON. Raises Refused when the proxy says no."""
        return self._ask("POST", _target(path), fields)

    def _ask(self, method: str, target: str, fields: Json | None) -> Json:
        headers = {"Accept": "application/json", "User-Agent": "strangler-cli"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = None
        if fields is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(fields).encode()
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
        try:
            connection.request(method, parts.path.rstrip("/") + target, body, headers)
            answer = connection.getresponse()
            ours, status, data = "X-Strangler-Api" in answer.headers, answer.status, answer.read(ANSWER_CAP + 1)
        except TimeoutError:
            raise Trouble(f"The proxy at {self.url} did not answer within {TIMEOUT:g} s.", HINT) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise Trouble(f"No proxy answers at {self.url} (from {self.named_by}): {reason}.", HINT) from None
        except http.client.HTTPException:
            raise Trouble(f"What listens at {self.url} does not speak HTTP.", HINT) from None
        finally:
            connection.close()
        return self._read(ours, status, data)

    def _read(self, ours: bool, status: int, data: bytes) -> Json:
        try:
            value = json.loads(data) if ours and len(data) <= ANSWER_CAP else None
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Trouble(
                f"What answers at {self.url} is not a strangler admin port (status {status}).",
                "Name the admin port, not the public one, with --admin URL.",
            )
        if status < 300:
            return value
        if status == 409:
            raise Refused(value)
        if status == 401:
            why = "refused the token" if self.token else "wants a token"
            raise Trouble(
                f"The proxy at {self.url} {why}.", "Set STRANGLER_ADMIN_TOKEN to the one it was started with."
            )
        raise Trouble(_said(value))


def _said(problem: Json) -> str:
    """The words of a problem document as one sentence."""
    said = ": ".join(str(problem[key]) for key in ("title", "detail") if problem.get(key))
    said = said or "the proxy refused and gave no reason"
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "?", "!")) else ".")


def _target(path: tuple[str, ...]) -> str:
    return "/api/v1/" + "/".join(quote(part, safe="") for part in path)


def _checked(url: str, source: str) -> str:
    remedy = "Write it as http://127.0.0.1:9900."
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise Trouble(f"{source}: {url!r} is not a URL: {error}.", remedy) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise Trouble(f"{source}: {url!r} is not the URL of an admin port.", remedy)
    return url.rstrip("/")


def _sane(token: str | None) -> str | None:
    if token and not (token.isascii() and token.isprintable()):
        raise Trouble("The token holds characters that a header cannot carry.", "Check it for line ends and blanks.")
    return token or None
