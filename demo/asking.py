"""What Tripe's clients ask: mostly reads of single charges, and a bit of everything else that the monolith does."""

from __future__ import annotations

import itertools
import random
import re
import secrets
from collections.abc import Iterator

from demo import checks
from demo.client import Action, Answer, Clients
from legacy_monolith.ids import seeded_id
from legacy_monolith.seed import CHARGES, CUSTOMERS, INVOICES, MERCHANT_EMAIL, MERCHANT_NAME, MERCHANT_PASSWORD

JSON = "application/json; charset=utf-8"


class Asking:
    """The users' ways to ask, over sample data of a `scale`. Charges are read in a shuffled order and none twice before
    all had their turn: evidence counts each distinct request once."""

    def __init__(self, scale: float) -> None:
        dice = random.Random(11)  # noqa: S311 - repeatable, no secret
        self._dice = dice
        self._charges = _shuffled("ch", round(CHARGES * scale), dice)
        self._invoices = _shuffled("in", round(INVOICES * scale), dice)
        self._customers = [seeded_id("cus", number) for number in range(round(CUSTOMERS * scale))]
        self._made: list[str] = []
        self._rows = round(CHARGES * scale)
        self._cookie = ""

    def actions(self) -> dict[Action, float]:
        """Each way to ask, with its weight."""
        return {
            self.read_charge: 60.0,
            self.head_charge: 2.0,
            self.read_charge_with_customer: 4.0,
            self.read_missing_charge: 1.0,
            self.read_own_charge: 3.0,
            self.list_charges: 5.0,
            self.read_customer: 6.0,
            self.list_customers: 1.0,
            self.read_invoice: 9.0,
            self.list_invoices: 2.0,
            self.fetch_pdf: 1.0,
            self.open_page: 1.0,
            self.create_charge: 3.0,
            self.export: 0.05,
        }

    def delicate(self) -> frozenset[Action]:
        """What a client can't ask again by itself: writes, and a long download that was cut."""
        return frozenset({self.create_charge, self.open_page, self.export})

    async def read_charge(self, clients: Clients, user: str) -> None:
        await self._one(clients, user, "charge", next(self._charges))

    async def head_charge(self, clients: Clients, user: str) -> None:
        answer = await clients.ask(user, "charge head", "HEAD", f"/v1/charges/{next(self._charges)}")
        clients.judge(answer, "charge head", 200, lambda got: "schema: a body after HEAD" if got.body else "")

    async def read_charge_with_customer(self, clients: Clients, user: str) -> None:
        wanted = next(self._charges)
        answer = await clients.ask(user, "charge expanded", "GET", f"/v1/charges/{wanted}?expand=customer")
        clients.judge(
            answer, "charge expanded", 200, lambda got: _type(got, JSON) or checks.expanded(got.json(), wanted)
        )

    async def read_missing_charge(self, clients: Clients, user: str) -> None:
        wanted = f"ch_{secrets.token_hex(8)}"
        answer = await clients.ask(user, "charge missing", "GET", f"/v1/charges/{wanted}")
        clients.judge(answer, "charge missing", 404, lambda got: _type(got, JSON) or checks.missing(got.json(), wanted))

    async def read_own_charge(self, clients: Clients, user: str) -> None:
        """One that a user has made, which every side must know at once."""
        if self._made:
            await self._one(clients, user, "charge", self._dice.choice(self._made[-200:]))

    async def list_charges(self, clients: Clients, user: str) -> None:
        await self._list(clients, user, "charge")

    async def read_customer(self, clients: Clients, user: str) -> None:
        await self._one(clients, user, "customer", self._dice.choice(self._customers))

    async def list_customers(self, clients: Clients, user: str) -> None:
        await self._list(clients, user, "customer")

    async def read_invoice(self, clients: Clients, user: str) -> None:
        await self._one(clients, user, "invoice", next(self._invoices))

    async def list_invoices(self, clients: Clients, user: str) -> None:
        await self._list(clients, user, "invoice")

    async def fetch_pdf(self, clients: Clients, user: str) -> None:
        answer = await clients.ask(user, "invoice pdf", "GET", f"/v1/invoices/{next(self._invoices)}/pdf")
        clients.judge(answer, "invoice pdf", 200, _pdf)

    async def export(self, clients: Clients, user: str) -> None:
        answer = await clients.ask(user, "csv export", "GET", "/v1/exports/charges.csv?status=succeeded")
        clients.judge(answer, "csv export", 200, lambda got: _type(got, "text/csv; charset=utf-8") or self._csv(got))

    async def create_charge(self, clients: Clients, user: str) -> None:
        """With an Idempotency-Key, and a mark of its own that must come back."""
        asked = {
            "amount": self._dice.randrange(100, 90_000),
            "currency": self._dice.choice(("usd", "eur", "gbp")),
            "customer": self._dice.choice(self._customers),
            "source": "tok_visa",
            "metadata": {"mark": secrets.token_hex(8)},
        }
        headers = {"Idempotency-Key": secrets.token_hex(12)}
        answer = await clients.ask(user, "charge create", "POST", "/v1/charges", json=asked, headers=headers)
        if clients.judge(answer, "charge create", 200, lambda got: checks.created(got.json(), asked)) and answer:
            self._made.append(answer.json()["id"])

    async def open_page(self, clients: Clients, user: str) -> None:
        """The merchant's page; logs in first, as a browser would, when it has no session yet."""
        if not self._cookie and not await self._log_in(clients, user):
            return
        answer = await clients.ask(user, "html page", "GET", "/merchant", headers={"Cookie": self._cookie})
        clients.judge(answer, "html page", 200, lambda got: _type(got, "text/html; charset=utf-8") or _page(got))

    async def _log_in(self, clients: Clients, user: str) -> bool:
        form = await clients.ask(user, "html login", "GET", "/merchant/login")
        if form is None or not clients.judge(
            form, "html login", 200, lambda got: "" if _token(got) else "schema: no form"
        ):
            return False
        data = {"csrf": _token(form), "email": MERCHANT_EMAIL, "password": MERCHANT_PASSWORD}
        cookie = form.headers["Set-Cookie"].partition(";")[0]
        done = await clients.ask(user, "html login", "POST", "/merchant/login", data=data, headers={"Cookie": cookie})
        if done is None or not clients.judge(done, "html login", 302, lambda got: ""):
            return False
        self._cookie = done.headers["Set-Cookie"].partition(";")[0]  # the first of several: the session
        return True

    async def _one(self, clients: Clients, user: str, kind: str, wanted: str) -> None:
        answer = await clients.ask(user, kind, "GET", f"/v1/{kind}s/{wanted}")
        clients.judge(answer, kind, 200, lambda got: _type(got, JSON) or checks.one(got.json(), kind, wanted))

    async def _list(self, clients: Clients, user: str, kind: str) -> None:
        label = f"{kind} list"
        answer = await clients.ask(user, label, "GET", f"/v1/{kind}s?limit={self._dice.randint(3, 20)}")
        clients.judge(answer, label, 200, lambda got: _type(got, JSON) or checks.page(got.json(), kind))

    def _csv(self, answer: Answer) -> str:
        ids = [line.partition(b",")[0] for line in answer.body.splitlines()[1:]]
        if len(ids) < 0.9 * self._rows:
            return f"schema: an export of {len(ids)} rows"
        return "" if len(set(ids)) == len(ids) else "ids: an export with rows twice"


def _shuffled(prefix: str, count: int, dice: random.Random) -> Iterator[str]:
    ids = [seeded_id(prefix, number) for number in range(count)]
    dice.shuffle(ids)
    return itertools.cycle(ids)


def _type(answer: Answer, wanted: str) -> str:
    got = answer.headers.get("Content-Type", "")
    return "" if got == wanted else f"schema: content type {got}"


def _pdf(answer: Answer) -> str:
    whole = answer.body.startswith(b"%PDF-") and answer.body.rstrip().endswith(b"%%EOF")
    return _type(answer, "application/pdf") or ("" if whole else "schema: not a whole PDF")


def _page(answer: Answer) -> str:
    text = answer.body.decode()
    return "" if MERCHANT_NAME in text and text.count("<tr>") == 20 else "schema: not the merchant's page"


def _token(answer: Answer) -> str:
    found = re.search(rb'name="csrf" value="(\w+)"', answer.body)
    return found[1].decode() if found else ""
