"""What kinds of requests were compared, and which of those that clients send were not."""

from proxy.evidence import Coverage, Ledger, uncopied, uncovered
from proxy.evidence.coverage import VALUES
from proxy.model.comparison import Result
from proxy.model.evidence import Asked
from proxy.model.records import Covered
from tests.evidence.made import KEY, settled

TEMPLATES = ("/charges", "/charges/{id}/items/{item}")
GET = frozenset({"GET"})


def covering(*asked: Asked) -> Coverage:
    coverage = Coverage()
    for one in asked:
        coverage.add(one, TEMPLATES)
    return coverage


def test_methods_status_classes_and_values_are_counted() -> None:
    coverage = covering(
        Asked(b"GET", 200, b"/charges/a/items/1?x=1"),
        Asked(b"GET", 201, b"/charges/a/items/2"),
        Asked(b"GET", 404, b"/charges/b/items/2"),
        Asked(b"HEAD", 200, b"/charges"),
        Asked(),
    )
    assert coverage.answers == {"GET 2xx": 2, "GET 4xx": 1, "HEAD 2xx": 1}
    assert coverage.values == {"{id}": 2, "{item}": 2}
    assert covering(Asked(b"GET", 200, b"/other/1"), Asked(b"GET", 200, b"/other/2")).values == {"path": 2}


def test_values_are_bounded_and_kept_as_digests() -> None:
    coverage = covering(*(Asked(b"GET", 200, b"/secret/%d" % number) for number in range(VALUES + 50)))
    assert coverage.values == {"path": VALUES}
    assert coverage.answers == {"GET 2xx": VALUES + 50}
    assert not any("secret" in row.value for row in coverage.take_changed())


def test_a_restart_goes_on_where_it_was() -> None:
    before = covering(Asked(b"GET", 200, b"/charges/a/items/1"))
    rows = before.take_changed()
    assert before.take_changed() == []
    after = Coverage.restored(rows)
    assert (after.answers, after.values, after.take_changed()) == (before.answers, before.values, [])
    after.add(Asked(b"GET", 200, b"/charges/a/items/2"), TEMPLATES)
    assert Covered("answer", "GET 2xx", 2) in after.take_changed()
    assert after.values == {"{id}": 1, "{item}": 2}


def test_what_clients_do_and_nothing_has_shown_is_named_with_its_share() -> None:
    traffic = {"GET 2xx": 940.0, "GET 4xx": 30.0, "GET 3xx": 5.0, "GET 5xx": 20.0, "POST 2xx": 100.0}
    assert uncovered({"GET 2xx": 1}, traffic, GET) == ("a comparison of a GET with status 4xx (2.7 % of the traffic)",)
    assert uncovered({"GET 2xx": 1, "GET 4xx": 1}, traffic, GET) == ()
    assert uncovered({}, {}, GET) == ()
    assert uncopied({"GET 2xx": 90, "POST 2xx": 10}, GET) == 0.1
    assert uncopied({"GET 2xx": 50, "OPTIONS 2xx": 50}, GET) == 0.0, "preflights ask for nothing of the route's"
    assert uncopied({}, GET) == 0.0


def test_only_requests_counted_for_the_first_time_cover_anything() -> None:
    ledger = Ledger()
    ledger.templates(KEY.route, TEMPLATES)
    asked = Asked(b"GET", 200, b"/charges/a/items/1")
    for at, result in enumerate([Result.MATCH, Result.MATCH, Result.MISMATCH, Result.NOT_COMPARED]):
        ledger.add(settled(at, 7, result)._replace(asked=asked))
    ledger.add(settled(9, 8, Result.MISMATCH)._replace(asked=asked._replace(status=404)))
    written = ledger.advance(99.0, 0.0)
    assert ledger.coverage(KEY).answers == {"GET 2xx": 1, "GET 4xx": 1}
    assert (KEY, Covered("answer", "GET 4xx", 1)) in written.covered
    other = Ledger()
    other.restore({KEY: ledger.totals(KEY)}, (), {KEY: [7, 8]}, {KEY: [row for _, row in written.covered]})
    assert other.coverage(KEY).answers == ledger.coverage(KEY).answers
