"""A route's two sides: they answer with real answers, draw their noise afresh at each asking, and one of them is wrong.

What is wrong is known exactly: the answer as it would have been, with the same noise drawn, is kept beside the one that
was sent, and the comparison of the two names the fields.
"""

from __future__ import annotations

import json
import marshal
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple
from xml.sax.saxutils import escape
from zlib import crc32

from bench.corpus.answers import Asked, Bases, Real
from bench.corpus.fresh_bases import fresh_bases
from bench.corpus.kinds import Answer, Asking, Kept, Noise, Wrong
from bench.corpus.later_documents import later_bases
from bench.corpus.reported_documents import reported_bases
from bench.corpus.unseen_documents import unseen_bases
from proxy.model.observation import CapturedBody, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side

STAMPS = ("request_id", "served_at")  # Tripe's own noise; kinds bring theirs
TENANTS = 500
WRONG_TENANT = 7  # and the next ones, for further mistakes
_encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
TENANT = -1.0  # the share that means "the requests of one tenant", 0.2 %
SHARES = {"all": 1.0, "5 %": 0.05, "1 %": 0.01, "a tenant": TENANT}


class Said(NamedTuple):
    """What the extracted side said, and what it would have said without the mistake (None: there is none)."""

    observed: Observation
    right: Observation | None = None
    wrong: Wrong | None = None


@dataclass
class World:
    """One route. `share` is of the requests that meet each of the mistakes, by their number; `seed` makes a run
    repeatable."""

    reals: tuple[Real, ...]
    noises: tuple[Noise, ...]
    wrongs: tuple[Wrong, ...]
    share: float
    seed: str

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.shared = Kept()
        self.own = {False: Kept(), True: Kept()}
        as_it_is = any(noise.as_it_is for noise in self.noises)
        self.makers = [[_maker(asked, as_it_is) for asked in (real if as_it_is else real[:1])] for real in self.reals]

    def legacy(self, number: int, now: float) -> Observation:
        return _observed(self._answer(self._asking(number, now, False)), False)

    def extracted(self, number: int, now: float) -> Said:
        asking = self._asking(number, now, True)
        answer = self._answer(asking)
        wrong = self.meets(number)
        if wrong is None:
            return Said(_observed(answer, True))
        right = _observed(answer, True)
        spoiled = Answer(answer.status, dict(answer.headers), marshal.loads(marshal.dumps(answer.body)))
        if wrong.inject(spoiled, asking) is False:
            return Said(right)
        sent = _observed(spoiled, True)
        return Said(right) if sent == right else Said(sent, right, wrong)  # by chance it may be the wrong one already

    def meets(self, number: int) -> Wrong | None:
        """The mistake that is made for the request with this number."""
        if self.share == TENANT:
            place = crc32(f"tenant/{number}".encode()) % TENANTS - WRONG_TENANT
        else:
            place = int(crc32(f"meets/{number}".encode()) % 10_000 / (self.share * 10_000)) if self.share else -1
        return self.wrongs[place] if 0 <= place < len(self.wrongs) else None

    def _asking(self, number: int, now: float, extracted: bool) -> Asking:
        return Asking(number, extracted, now, self.dice, self.own[extracted], self.shared)

    def _answer(self, asking: Asking) -> Answer:
        makers = self.makers[asking.fixed("real", len(self.makers))]
        answer = makers[self.dice.randrange(len(makers))]()
        for noise in self.noises:
            noise.draw(answer, asking)
        return answer


def _maker(asked: Asked, as_it_is: bool) -> Callable[[], Answer]:
    """Makes a fresh copy of a real answer as often as it is called."""
    kind = asked.headers.get("content-type", "").partition(";")[0]
    status, headers = asked.status, asked.headers
    if kind == "application/json" or kind.endswith("+json"):
        tree = json.loads(asked.body)
        if not as_it_is and isinstance(tree, dict):
            for name in STAMPS:
                tree.pop(name, None)
        frozen = marshal.dumps(tree)
        return lambda: Answer(status, dict(headers), marshal.loads(frozen))
    body: Any = asked.body if kind == "application/pdf" else asked.body.decode()
    return lambda: Answer(status, dict(headers), body)


def _observed(answer: Answer, extracted: bool) -> Observation:
    body = answer.body
    if isinstance(body, str):
        data = body.encode()
    elif isinstance(body, bytes):
        data = body
    else:
        data = _encoded(body).encode()
    headers = tuple(
        (name.encode(), line.encode("latin-1")) for name, value in answer.headers.items() for line in value.split("\n")
    )
    side = Side.EXTRACTED if extracted else Side.LEGACY
    captured = CapturedBody(data, len(data), True)
    return Observation(side, str(side), Outcome.OK, answer.status, headers, captured, "1", 0.004, 0.005)


def with_derived(bases: Bases) -> Bases:
    """Adds bases that Tripe does not serve itself, made of its real invoices and charges: SOAP, an account with what
    other systems put into answers (a number of 19 digits, padded and localized texts, a date by the calendar), and
    those of the kinds that were written later."""
    soap = tuple(_remade(real, _soap, "text/xml; charset=utf-8") for real in bases["invoice"])
    account = tuple(_remade(real, _account, "application/json") for real in bases["charge"])
    return {
        **bases, "soap": soap, "account": account,
        **fresh_bases(bases), **unseen_bases(bases), **later_bases(bases), **reported_bases(bases),
    }  # fmt: skip


def _remade(real: Real, make: Callable[[Any], str], kind: str) -> Real:
    first = real[0]
    return (Asked(first.status, {"content-type": kind}, make(json.loads(first.body)).encode()),)


def _soap(invoice: Any) -> str:
    cells = [f"<b:{name}>{invoice[name]}</b:{name}>" for name in ("id", "number", "status", "customer")]
    amounts = ("subtotal", "tax", "total")
    cells += [f'<b:{name} currency="{invoice["currency"]}">{invoice[name]}</b:{name}>' for name in amounts]
    for line in invoice["lines"]:
        text = f"<b:text>{escape(line['description'])}</b:text><b:amount>{line['amount']}</b:amount>"
        cells.append(f'<b:line id="{line["id"]}">{text}</b:line>')
    body = f'<b:GetInvoiceResponse xmlns:b="urn:tripe:billing">{"".join(cells)}</b:GetInvoiceResponse>'
    head = '<m:Message xmlns:m="urn:tripe:message"><m:Id/></m:Message>'
    envelope = f"<s:Header>{head}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    opening = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{opening}{envelope}'


def _account(charge: Any) -> str:
    made = datetime.fromtimestamp(charge["created"], UTC)
    year, month = (made.year + 1, 1) if made.month == 12 else (made.year, made.month + 1)
    document = {
        "id": charge["customer"],
        "account": int(charge["customer"].removeprefix("cus_"), 16) >> 1 | 1,
        "created": charge["created"],
        "due": f"{year}-{month:02d}-{min(made.day, monthrange(year, month)[1]):02d}",
        "display": f"{charge['amount'] / 100:,.2f}",
        "statement": f"  TRIPE {charge['id'][-6:]}   ",
    }
    return json.dumps(document)
