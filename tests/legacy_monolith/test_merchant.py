"""The merchant's pages, as a browser uses them."""

import re

from aiohttp import ClientResponse

from legacy_monolith.ids import seeded_id
from legacy_monolith.seed import MERCHANT_EMAIL, MERCHANT_PASSWORD
from tests.legacy_monolith.fixtures import Client


async def form_token(client: Client, path: str) -> str:
    async with client.get(path) as response:
        found = re.search(r'name="csrf" value="(\w+)"', await response.text())
    assert found is not None
    return found[1]


async def log_in(client: Client, password: str = MERCHANT_PASSWORD) -> ClientResponse:
    form = {"csrf": await form_token(client, "/merchant/login"), "email": MERCHANT_EMAIL, "password": password}
    return await client.post("/merchant/login", data=form, allow_redirects=False)


async def test_logging_in_sets_several_cookies_and_redirects_to_the_page(monolith: Client) -> None:
    response = await log_in(monolith)
    assert (response.status, response.headers["Location"]) == (302, "/merchant")
    cookies = response.headers.getall("Set-Cookie")
    assert [cookie.split("=")[0] for cookie in cookies] == ["session", "csrf", "last_merchant", "login_csrf"]
    assert "HttpOnly" in cookies[0]
    async with monolith.get("/merchant") as page:
        text = await page.text()
    assert "The Corner Shop" in text
    assert text.count("<tr>") == 20
    assert f'value="{monolith.session.cookie_jar.filter_cookies(monolith.make_url("/merchant"))["csrf"].value}"' in text


async def test_the_page_sends_strangers_to_the_login(monolith: Client) -> None:
    async with monolith.get("/merchant", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "/merchant/login")


async def test_a_wrong_password_or_a_foreign_form_opens_no_session(monolith: Client) -> None:
    assert (await log_in(monolith, "guess")).status == 401
    form = {"csrf": "forged", "email": MERCHANT_EMAIL, "password": MERCHANT_PASSWORD}
    async with monolith.post("/merchant/login", data=form, allow_redirects=False) as response:
        assert response.status == 403
        assert "session" not in response.cookies


async def test_the_refund_form_refunds_and_tells(monolith: Client) -> None:
    await log_in(monolith)
    charge = seeded_id("ch", 3)
    form = {"csrf": await form_token(monolith, "/merchant"), "charge": charge}
    async with monolith.post("/merchant/refunds", data=form, allow_redirects=False) as response:
        assert response.status == 303
        location = response.headers["Location"]
    async with monolith.get(location) as page:
        assert re.search(r"Refunded \d+ \w{3}\.", await page.text())
    async with monolith.get(f"/v1/charges/{charge}") as response:
        assert (await response.json())["refunded"] is True


async def test_a_refund_without_the_sessions_token_is_refused(monolith: Client) -> None:
    await log_in(monolith)
    async with monolith.post("/merchant/refunds", data={"csrf": "x", "charge": seeded_id("ch", 3)}) as response:
        assert response.status == 403


async def test_logging_out_ends_the_session(monolith: Client) -> None:
    await log_in(monolith)
    old = monolith.session.cookie_jar.filter_cookies(monolith.make_url("/merchant"))["session"].value
    form = {"csrf": await form_token(monolith, "/merchant")}
    async with monolith.post("/merchant/logout", data=form, allow_redirects=False) as response:
        assert response.headers["Location"] == "/merchant/login"
    async with monolith.get("/merchant", cookies={"session": old}, allow_redirects=False) as response:
        assert response.status == 302


async def test_what_a_page_shows_is_escaped(monolith: Client) -> None:
    await log_in(monolith)
    async with monolith.get("/merchant", params={"message": "<script>"}) as page:
        text = await page.text()
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
