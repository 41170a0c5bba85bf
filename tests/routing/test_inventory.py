"""Path templates learned from traffic, bounded."""

from __future__ import annotations

import pytest

from proxy.routing.inventory import MOST_SIBLINGS, MOST_TEMPLATES, Inventory


def words(number: int) -> str:
    """A word without digits for a number."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def learned(*targets: str) -> dict[str, float]:
    inventory = Inventory()
    for target in targets:
        inventory.observe(b"GET", target.encode(), "unrouted", 200, 0.1, 1.0, 5.0)
    return {row.template: row.count for row in inventory.rows()}


@pytest.mark.parametrize(
    "segment",
    [
        "1",
        "2024-01-31",
        "550e8400-e29b-41d4-a716-446655440000",
        "9f86d081884c7d65",
        "ch_9f2",
        "cus_1",
        "cus_NffrFeUfNVaHzR",
        "INV-2031",
        "AbCdEf0123456789xyz",
        "ann@example.com",
        "a%20b",
        "x" * 41,
    ],
)
def test_segments_that_look_like_identifiers_are_folded(segment: str) -> None:
    assert learned(f"/v1/things/{segment}/parts") == {"/v1/things/{id}/parts": 1}


@pytest.mark.parametrize(
    "path",
    ["/", "/v1/charges", "/v1/payment_intents", "/api/v2/charge-reads/", "/app.js", "/oauth2/token", "/Deadbeef"],
)
def test_words_stay(path: str) -> None:
    assert learned(path, path + "?secret=1", "http://example.com" + path) == {path: 3}


def test_too_many_siblings_are_identifiers_then_and_later() -> None:
    names = [f"/users/{words(n)}/posts" for n in range(MOST_SIBLINGS + 50)]
    assert learned(*names, "/users", "/teams/red/posts") == {
        "/users/{id}/posts": len(names),
        "/users": 1,
        "/teams/red/posts": 1,
    }


def test_memory_is_bounded_and_nothing_goes_uncounted() -> None:
    targets = [f"/{words(n)}" for n in range(MOST_TEMPLATES + 500)]
    rows = learned(*targets)
    assert len(rows) == MOST_TEMPLATES + 1
    assert rows["…"] == 500
    assert sum(rows.values()) == len(targets)
    assert list(learned("/" + "a/" * 5000)) == ["/" + "a/" * 11 + "…"]


def test_figures_are_kept_by_method_route_and_status_and_survive_a_restart() -> None:
    inventory = Inventory()
    inventory.observe(b"GET", b"/v1/x/1", "r", 200, 0.1, 2.0, 10.0)
    inventory.observe(b"GET", b"/v1/x/2", "r", 503, 0.3, 1.0, 12.0)
    inventory.observe(b"GET", b"/v1/x/2", "r", 0, 0.2, 1.0, 11.0)
    inventory.observe(b"POST", b"/v1/x/2", "unrouted", 201, 0.2, 1.0, 11.0)
    first, second = inventory.rows()
    assert (first.method, first.template, first.route, first.count) == ("GET", "/v1/x/{id}", "r", 4.0)
    assert first.status_classes == (0.0, 2.0, 0.0, 0.0, 1.0)
    assert (first.first, first.last, first.seconds_max) == (10.0, 12.0, 0.3)
    assert first.seconds_sum == pytest.approx(0.7)
    assert (second.method, second.route) == ("POST", "unrouted")
    again = Inventory()
    again.restore(inventory.rows())
    assert again.rows() == inventory.rows()
    again.restore(inventory.rows())
    assert again.rows()[0].count == 8.0


def test_the_traffic_of_a_route_is_by_method_and_status_class() -> None:
    inventory = Inventory()
    for target, status in ((b"/v1/x/1", 200), (b"/v1/y", 204), (b"/v1/x/2", 404), (b"/v1/x/2", 0)):
        inventory.observe(b"GET", target, "r", status, 0.1, 2.0, 10.0)
    inventory.observe(b"GET", b"/v1/z", "other", 200, 0.1, 1.0, 10.0)
    assert inventory.traffic("r") == {"GET 2xx": 4.0, "GET 4xx": 2.0}
    inventory.observe(b"POST", b"/v1/x/1", "r", 201, 0.1, 1.0, 10.0)
    assert inventory.traffic("r")["POST 2xx"] == 1.0, "news are in it"
    assert inventory.traffic("nobody") == {}
