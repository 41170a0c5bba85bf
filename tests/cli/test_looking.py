"""status, mismatches, verdict, inventory, history: what a person reads, and what a script does."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from proxy.cli.layout import body_lines
from proxy.cli.side_by_side import rows, shortened
from tests.cli import answers
from tests.cli.conftest import CannedAdmin, Run
from tests.cli.terminal import on_a_terminal

ESCAPE = "\x1b"


def test_status_says_everything_at_one_glance(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("GET", "/status", answers.status())
    result = ask("status")
    assert result.exit_code == 0
    for part in (
        "strangler 0.1.0 · generation 3",
        "workers 2/2",
        "canary 10%",
        "by override",
        "12,345",
        "14ms",
        "11,000",
        "verdict: inconclusive, not enough evidence yet",
        "needs 264 more clean comparisons",
        "needs 4m 10s more",
        "1,186 match, 10 ignored, 4 mismatch, 7 not compared (too_large 7); 3 dropped (queue_full 3)",
        "unrouted",
    ):
        assert part in result.stdout
    assert ESCAPE not in result.stdout
    legacy, extracted = [
        line.split() for line in result.stdout.splitlines() if line.lstrip().startswith(("legacy", "ext"))
    ][:2]
    assert legacy == ["legacy", "12,345", "0", "3.1ms", "12ms", "120", "3.0ms", "11ms"]
    assert extracted == ["extracted", "1,204", "2", "2.9ms", "14ms", "11,000", "2.8ms", "13ms"]
    assert all(line == line.rstrip() for line in result.stdout.splitlines())


def test_status_shows_what_is_still_possible_what_was_covered_and_what_noise_explains(
    ask: Run, admin: CannedAdmin
) -> None:
    coverage = {"answers": {"GET 2xx": 1186, "GET 4xx": 3}, "values": {"{id}": 431}}
    route = answers.route(
        comparisons={"match": 1000, "ignored": 10, "explained": 186, "mismatch": 4, "not_compared": 0},
        verdict=answers.verdict(coverage=coverage),
        noise={
            "reasks": {"done": 190, "budget": 2},
            "asked": 190,
            "shows_after": 650,
            "learned_fields": 2,
            "regressions": [{"path": "$.paid_at", "words": "is 3600 s off"}],
        },
    )
    admin.answers("GET", "/routes/charge-read", route)
    shown = ask("status", "charge-read").stdout
    for part in (
        "186 explained by noise",
        "mismatch rate 0.04% to 1.23% (95% sure, however often one looks)",
        "covered: GET 2xx 1,186, GET 4xx 3; 431 values of {id}",
        "noise: 2 fields learned from 190 re-asks (done 190, budget 2); `strangler suggest-rules charge-read`",
        "half as often again as legacy itself shows after about 650 re-asks",
        "$.paid_at: is 3600 s off",
    ):
        assert part in shown
    clients = answers.verdict("pass", evidence="clients", n=0)
    admin.answers("GET", "/routes/charge-read/verdict", clients)
    assert "clients' exchanges in canary, not comparisons" in ask("verdict", "charge-read").stdout


def test_status_fits_a_terminal_of_80_columns(admin: CannedAdmin) -> None:
    long = answers.route("a-route-with-quite-a-long-name-indeed")
    admin.answers("GET", "/status", answers.status(routes=[answers.route(), long, answers.unrouted()]))
    code, text = on_a_terminal("status", "--admin", admin.url, NO_COLOR="1")
    assert code == 0
    assert max(map(len, text.splitlines())) <= 80
    assert "a-route-with-quite-a-long-name-indeed  canary 10%" in text
    assert text.count("12,345       0  3.1ms  12ms     120") == 3
    assert ESCAPE not in text


def test_colour_only_on_a_terminal_that_wants_it(admin: CannedAdmin) -> None:
    admin.answers("GET", "/status", answers.status())
    assert ESCAPE in on_a_terminal("status", "--admin", admin.url)[1]
    assert ESCAPE not in on_a_terminal("status", "--admin", admin.url, TERM="dumb")[1]


def test_piped_lines_are_never_cut(ask: Run, admin: CannedAdmin) -> None:
    name = "x" * 150
    admin.answers("GET", "/status", answers.status(routes=[answers.route(name)]))
    assert name in ask("status", env={"COLUMNS": "40"}).stdout


def test_status_shows_what_is_wrong(ask: Run, admin: CannedAdmin) -> None:
    wrong = answers.status(
        halted=True,
        reload={"ok": False, "at": 1.0, "problems": ["routes.yaml:3:1: error: bad"]},
        store={"ok": False, "error": "disk full", "lost": 12},
        workers={"expected": 2, "connected": 1, "restarts": 4},
        shedding=True,
        backends=[
            {"name": "legacy", "urls": [{"url": "http://a:1", "state": "used"}], "breaker_open": False},
            {"name": "alone", "urls": [{"url": "http://b:1", "state": "unhealthy"}], "breaker_open": True},
            {
                "name": "charges",
                "urls": [{"url": "http://c:1", "state": "used"}, {"url": "http://c:2", "state": "ejected"}],
                "breaker_open": False,
            },
        ],
        routes=[answers.route(breaker_open=True, fallbacks=9, verdict=answers.verdict("fail", blocking=["3fa1"]))],
    )
    admin.answers("GET", "/status", wrong)
    text = ask("status").stdout
    for part in ("HALTED", "routes.yaml:3:1: error: bad", "disk full (12 rows lost)", "1 of 2 workers", "restarts 4"):
        assert part in text
    for part in ("breaker open", "fallbacks: 9", "verdict: fail", "3fa1", "limits.memory"):
        assert part in text
    for line in ("alone: http://b:1 unhealthy", "charges: http://c:1, http://c:2 ejected"):
        assert line in text
    assert "http://a:1" not in text, "a backend's only url, when all is well, is no news"


def test_status_of_a_proxy_that_has_nothing_yet(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("GET", "/status", answers.status(routes=[]))
    result = ask("status")
    assert result.exit_code == 0
    assert "No routes" in result.stdout


def test_status_of_figures_that_are_not_there_yet(ask: Run, admin: CannedAdmin) -> None:
    side = {"requests": 0, "errors": 0, "p50": None, "p99": None}
    bare = answers.route(sides={"legacy": side, "extracted": side}, shadow={}, comparisons={}, dropped={}, build="")
    admin.answers("GET", "/status", answers.status(routes=[bare], started_at="2026-01-01T00:00:00Z"))
    assert ask("status").exit_code == 0


def test_status_of_one_route(ask: Run, admin: CannedAdmin) -> None:
    one = answers.route(verdict=answers.verdict("pass")) | {"signatures": [answers.signature()]}
    admin.answers("GET", "/routes/charge-read", one)
    result = ask("status", "charge-read")
    assert result.exit_code == 0
    assert "build 2026.2" in result.stdout
    assert "`strangler promote charge-read` moves it to live" in result.stdout
    assert "strangler mismatches charge-read" in result.stdout
    assert json.loads(ask("status", "charge-read", "--json").stdout) == one
    admin.answers("GET", "/routes/charge-read", one | {"signatures": [answers.signature(current=False)]})
    assert "strangler mismatches" not in ask("status", "charge-read").stdout


@pytest.mark.parametrize(("ruling", "code"), [("pass", 0), ("fail", 1), ("inconclusive", 3), ("surprise", 2)])
def test_verdict_exit_codes(ask: Run, admin: CannedAdmin, ruling: str, code: int) -> None:
    admin.answers("GET", "/routes/charge-read/verdict", answers.verdict(ruling))
    result = ask("verdict", "charge-read")
    assert result.exit_code == code
    assert f"charge-read: {ruling}" in result.stdout
    as_json = ask("verdict", "charge-read", "--json")
    assert as_json.exit_code == code
    assert json.loads(as_json.stdout)["verdict"] == ruling


@pytest.fixture
def listed(admin: CannedAdmin) -> None:
    """One signature of each state."""
    accepted = {"owner": "payments", "reason": "new field", "until": "2027-01-31"}
    rows_ = [
        answers.signature(count=12345, share=0.0413, note="with legacy $.bid is below $.ask"),
        answers.signature(signature="99aa", kind="extra", risk="low", accepted=accepted, state="accepted"),
        answers.signature(
            signature="noise1",
            kind="noise",
            risk="high",
            path="$.at",
            status_pair=[0, 0],
            share=None,
            count=7,
            note="is above legacy's in 40 re-asks, below it in 0",
        ),
        answers.signature(signature="77cc", kind="status", risk="high", path="status", status_pair=[200, 404], count=2),
        answers.signature(signature="55ee", build="2026.1", current=False, state="mended"),
    ]
    answer = {"route": "charge-read", "build": "2026.2", "signatures": rows_}
    admin.answers("GET", "/routes/charge-read/mismatches", answer)


@pytest.mark.usefixtures("listed")
def test_mismatches_at_a_glance(ask: Run) -> None:
    result = ask("mismatches", "charge-read")
    assert result.exit_code == 0
    titles, *lines = result.stdout.splitlines()
    assert titles.split() == ["RISK", "SIGNATURE", "STATE", "COUNT", "SHARE", "DIFFERS", "FIRST", "LAST"]
    assert [line.split()[:2] for line in lines[:4]] == [
        ["high", "noise1"],
        ["high", "77cc"],
        ["medium", "3fa1b2c4"],
        ["low", "99aa"],
    ], "what has to be looked at first"
    assert lines[1].split()[2:10] == ["open", "2", "0.342%", "status", "at", "status,", "200", "and"]
    assert lines[2].split()[2:8] == ["open", "12,345", "4.13%", "value", "at", "$.data[*].fee"]
    assert "accepted until 2027-01-31" in lines[3]
    assert "99aa is accepted by payments until 2027-01-31: new field" in lines
    assert "noise1: $.at: is above legacy's in 40 re-asks, below it in 0. Its differences are " in result.stdout
    assert "3fa1b2c4: with legacy $.bid is below $.ask." in lines
    assert "55ee" not in result.stdout
    assert lines[-1].endswith("--all shows 1 signature of earlier builds and rule sets.")


@pytest.mark.usefixtures("listed")
def test_those_of_earlier_builds_are_shown_if_asked_for(ask: Run) -> None:
    lines = ask("mismatches", "charge-read", "--all").stdout.splitlines()
    assert lines[0].split()[-1] == "BUILD"
    assert lines[5].split()[:3] == ["medium", "55ee", "mended"]
    assert lines[5].split()[-1] == "2026.1"


@pytest.mark.usefixtures("listed")
def test_mismatches_on_a_terminal_are_coloured_and_fit(admin: CannedAdmin) -> None:
    code, text = on_a_terminal("mismatches", "charge-read", "--admin", admin.url)
    assert code == 0
    assert f"{ESCAPE}[1;31mhigh" in text
    code, text = on_a_terminal("mismatches", "charge-read", "--admin", admin.url, NO_COLOR="1")
    assert ESCAPE not in text
    assert max(map(len, text.splitlines()[:-2])) <= 80
    assert "$.data[*].fee" in text


def test_no_mismatches(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("GET", "/routes/charge-read/mismatches", {"route": "charge-read", "build": "", "signatures": []})
    assert "No mismatches" in ask("mismatches", "charge-read").stdout


@pytest.fixture
def one_exemplar(admin: CannedAdmin) -> None:
    answer = {"signature": answers.signature(), "exemplars": [answers.exemplar()]}
    admin.answers("GET", "/routes/charge-read/mismatches/3fa1b2c4", answer)


@pytest.mark.usefixtures("one_exemplar")
def test_an_exemplar_side_by_side(ask: Run) -> None:
    result = ask("mismatches", "charge-read", "3fa1b2c4")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "GET /v1/charges?limit=1" in lines
    assert "  Authorization: [redacted]" in lines
    fee = next(line for line in lines if '"fee"' in line)
    assert fee.split() == ['"fee":', "1.10", "|", '"fee":', "1.11"]
    assert any("Content-Type: application/json" in line and "| Content-Type: text/json" in line for line in lines)
    assert not any("Date:" in line for line in lines)
    assert '"field19"' not in result.stdout
    assert "equal lines ..." in result.stdout
    assert lines[-1].startswith("curl -si 'http://127.0.0.1:8080/v1/charges?limit=1'")


def test_a_difference_that_a_rule_explains_names_the_rule(ask: Run, admin: CannedAdmin) -> None:
    example = answers.exemplar()
    example["differences"][0]["ignored_by"] = "ignore $.fee"
    answer = {"signature": answers.signature(), "exemplars": [example]}
    admin.answers("GET", "/routes/charge-read/mismatches/3fa1b2c4", answer)
    lines = ask("mismatches", "charge-read", "3fa1b2c4").stdout.splitlines()
    assert "  $.fee  value: 1.10 -> 1.11  (rule: ignore $.fee)" in lines
    assert "  header:content-type  header: application/json -> text/json" in lines


@pytest.mark.usefixtures("one_exemplar")
def test_only_differing_lines_are_coloured(admin: CannedAdmin) -> None:
    code, text = on_a_terminal("mismatches", "charge-read", "3fa1b2c4", "--admin", admin.url, columns=100)
    assert code == 0
    red = f"{ESCAPE}[31m"
    assert any(red in line and '"fee"' in line for line in text.splitlines())
    assert not any(red in line and '"field0"' in line for line in text.splitlines())


@pytest.mark.usefixtures("one_exemplar")
def test_on_a_narrow_terminal_the_lines_stand_below_each_other(admin: CannedAdmin) -> None:
    _, text = on_a_terminal("mismatches", "charge-read", "3fa1b2c4", "--admin", admin.url, columns=50, NO_COLOR="1")
    lines = text.splitlines()
    assert lines.index('-   "fee": 1.10') + 1 == lines.index('+   "fee": 1.11')
    assert '    "field0": 0' in lines
    assert max(map(len, lines[: lines.index("- legacy  + extracted")])) <= 50


def test_xml_is_compared_line_by_line_too(ask: Run, admin: CannedAdmin) -> None:
    head = {"status": 200, "headers": [["Content-Type", "text/xml"]], "seconds": 0.1}
    sides = {
        side: head | {"body": f"<a><b>1</b><fee>{fee}</fee></a>"} for side, fee in (("legacy", 1), ("extracted", 2))
    }
    answer = {"signature": answers.signature(), "exemplars": [answers.exemplar(differences=[], **sides)]}
    admin.answers("GET", "/routes/charge-read/mismatches/3fa1", answer)
    lines = ask("mismatches", "charge-read", "3fa1").stdout.splitlines()
    assert ["<fee>1</fee>", "|", "<fee>2</fee>"] in [line.split() for line in lines]
    assert ["<b>1</b>", "<b>1</b>"] in [line.split() for line in lines]


def test_a_body_that_was_cut_or_not_kept_says_so(ask: Run, admin: CannedAdmin) -> None:
    cut = {"status": 200, "headers": [], "body": '{"a": 1', "size": 70_000, "complete": False, "seconds": 0.1}
    gone = {"status": 200, "headers": [], "body": "", "size": 70_000, "complete": False, "seconds": 0.1}
    answer = {"signature": answers.signature(), "exemplars": [answers.exemplar(legacy=cut, extracted=gone)]}
    admin.answers("GET", "/routes/charge-read/mismatches/3fa1", answer)
    text = ask("mismatches", "charge-read", "3fa1").stdout
    assert "... cut here, the rest is not kept" in text
    assert "(70,000 bytes, not kept)" in text


@pytest.mark.usefixtures("one_exemplar")
def test_an_exemplar_that_is_not_kept(ask: Run) -> None:
    result = ask("mismatches", "charge-read", "3fa1b2c4", "--number", "2")
    assert result.exit_code == 2
    assert "1 exemplar" in result.stderr


def test_half_a_surrogate_pair_in_an_answer_is_shown_escaped(ask: Run, admin: CannedAdmin) -> None:
    bad = answers.exemplar()
    bad["legacy"]["body"] = '{"a": "\\ud800"}'
    bad["differences"][0]["legacy"] = "\ud800"
    answer = {"signature": answers.signature(), "exemplars": [bad]}
    admin.answers("GET", "/routes/charge-read/mismatches/3fa1", answer)
    for options in ([], ["--json"]):
        result = ask("mismatches", "charge-read", "3fa1", *options)
        assert result.exit_code == 0
        assert "\\ud800" in result.stdout


def test_what_a_backend_sent_cannot_move_the_cursor(ask: Run, admin: CannedAdmin) -> None:
    nasty = "\x1b]0;owned\x07\x1b[2Jboo\u202e"
    bad = answers.exemplar(curl=f"curl {nasty}")
    bad["request"]["target"] = bad["request"]["body"] = bad["legacy"]["body"] = bad["differences"][0]["legacy"] = nasty
    admin.answers(
        "GET",
        "/routes/charge-read/mismatches/3fa1",
        {"signature": answers.signature(path=f"$.{nasty}"), "exemplars": [bad]},
    )
    result = ask("mismatches", "charge-read", "3fa1")
    assert result.exit_code == 0
    assert not set("\x1b\x07\u202e") & set(result.stdout)
    assert "\\x1b[2Jboo" in result.stdout


def test_an_answer_that_never_came(ask: Run, admin: CannedAdmin) -> None:
    silent = {"outcome": "upstream_closed", "status": 0, "headers": [], "body": None, "seconds": 5.0}
    admin.answers(
        "GET",
        "/routes/charge-read/mismatches/3fa1",
        {"signature": answers.signature(), "exemplars": [answers.exemplar(extracted=silent)]},
    )
    assert "no answer: upstream_closed" in ask("mismatches", "charge-read", "3fa1").stdout


def test_numbers_are_laid_out_as_they_were_written() -> None:
    assert body_lines('{"a": [1.10, 9007199254740993, 1e400], "b": "1.10", "c": {}}') == [
        "{",
        '  "a": [',
        "    1.10",
        "    9007199254740993",
        "    1e400",
        "  ]",
        '  "b": "1.10"',
        '  "c": {}',
        "}",
    ]


@pytest.mark.parametrize(
    ("body", "kind", "lines"),
    [
        ("a\nb", "text/plain", ["a", "b"]),
        ("<a>\n<b>", "text/plain", ["<a>", "<b>"]),
        ("", "text/plain", ["(no body)"]),
        ('<a x="1"><b>t</b><c/></a>', "application/soap+xml", ['<a x="1">', "  <b>t</b>", "  <c/>", "</a>"]),
        ("<a><b>cut</b><b>he", "text/xml", ["<a>", "<b>cut</b>", "<b>he"]),
        ("<p>one<p>two", "text/html; charset=utf-8", ["<html>", "  <body>", "    <p>one</p>", "    <p>two</p>"]),
        ("a=1&b=x%20y", "application/x-www-form-urlencoded", ["a=1", "b=x y"]),
        ('{"a":1}\n{"a":2}', "application/x-ndjson", ['{"a":1}', '{"a":2}']),
        ('data: {"a":1}\n\ndata: 2', "text/event-stream", ['data: {"a":1}', "", "data: 2"]),
        ('{"a":[1,{"b":"x,[y"},{},"c', "application/json", ["{", '  "a": [', "    1", "    {", '      "b": "x,[y"']),
        ("%PDF\x00\x01", "application/pdf", ["(6 bytes, not text)"]),
        ("x" * 5000, "", ["x" * 4000 + "..."]),
    ],
)
def test_a_body_is_laid_out_by_its_type(body: str, kind: str, lines: list[str]) -> None:
    assert body_lines(body, kind, len(body) or None)[: len(lines)] == lines


def test_a_cut_body_is_laid_out_like_the_whole_of_it() -> None:
    whole = '{"a": [1.50, {"b": "x,[y", "e": {}}, [], true], "n": null, "s": "end of it"}'
    lines = body_lines(whole, "application/json")
    cut = body_lines(whole[:-9], "application/json")
    assert cut[:-1] == lines[: len(cut) - 1]
    assert cut[-1] == '  "s": "en'
    assert len(cut) == len(lines) - 1
    member_less = body_lines('{"a": 1, "b": 2}', "")
    assert [row.mark for row in rows(member_less, body_lines('{"a": 1}', ""))] == [" ", " ", "<", " "]


def test_a_hostile_body_is_laid_out_in_no_time() -> None:
    entities = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]><a>&c;&f;</a>'
    text = "".join(body_lines(entities, "text/xml"))
    assert "bbbb" not in text
    assert "root:" not in text
    for piece in ("[", "{", "<", "<a>", "<p>", '"'):
        assert body_lines(piece * 16_000, "text/html")
    assert len(rows(["0", "1"] * 1000, ["1", "0", "0"] * 666)) >= 2000


def test_lines_that_only_one_side_has() -> None:
    assert [row.mark for row in rows(["a", "b", "c"], ["a", "c", "d"])] == [" ", "<", " ", ">"]
    alike = [str(number) for number in range(9)]
    assert next(row.left for row in shortened(rows([*alike, "x"], [*alike, "y"]))) == "... 6 equal lines ..."
    assert [row.left for row in shortened(rows([*alike[:4], "x"], [*alike[:4], "y"]))] == [*alike[:4], "x"]
    assert list(shortened(rows(["a"] * 9, ["a"] * 9))) == rows(["a"] * 9, ["a"] * 9)


@pytest.mark.parametrize("command", ["history", "inventory"])
def test_nothing_yet(ask: Run, admin: CannedAdmin, command: str) -> None:
    admin.answers("GET", f"/{command}", {"rows": [], "estimated": False})
    result = ask(command)
    assert result.exit_code == 0
    assert "yet" in result.stdout


def test_history(ask: Run, admin: CannedAdmin) -> None:
    row = {
        "at": 1_790_000_000.0,
        "who": "ada",
        "action": "promote",
        "route": "charge-read",
        "what": "to live",
        "why": "",
    }
    admin.answers("GET", "/history", {"rows": [row, row | {"at": "2026-09-21T14:13:20+00:00", "route": ""}]})
    result = ask("history", "charge-read", "--limit", "7", env={"TZ": "UTC"})
    assert result.exit_code == 0
    assert "promote" in result.stdout
    assert admin.asked[-1].target == "/api/v1/history?route=charge-read&limit=7"
    first, second = result.stdout.splitlines()[1:]
    assert first[:19] == second[:19]


def test_the_history_of_a_route_that_never_was_is_trouble(ask: Run, admin: CannedAdmin) -> None:
    unknown = answers.problem("unknown route", "no route is named 'raed'; did you mean read?")
    admin.answers("GET", "/history", unknown, status=404)
    result = ask("history", "raed")
    assert result.exit_code == 2
    assert "did you mean read?" in result.stderr
    assert result.stdout == ""


def busy(method: str, template: str, count: float, route: str = "unrouted") -> answers.Json:
    return {
        "method": method,
        "template": template,
        "route": route,
        "count": count,
        "status": {"2xx": count - 1, "5xx": 1},
        "mean": 0.003,
        "max": 1.5,
        "first": 1.0,
        "last": 2.0,
    }


def test_inventory_shows_the_busiest_first(ask: Run, admin: CannedAdmin) -> None:
    found: Callable[..., answers.Json] = busy
    listed = [found("GET", "/v1/refunds", 10), found("GET", "/v1/charges/{id}", 4000, "charge-read")]
    admin.answers("GET", "/inventory", {"rows": listed, "estimated": True})
    result = ask("inventory")
    assert result.exit_code == 0
    _titles, first, second, note = result.stdout.splitlines()
    assert first.split() == [
        "GET",
        "/v1/charges/{id}",
        "charge-read",
        "4,000",
        "3,999",
        "-",
        "-",
        "1",
        "3.0ms",
        "1.50s",
    ]
    assert "/v1/refunds" in second
    assert "estimated" in note


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/status", ["status"]),
        ("/history", ["history"]),
        ("/inventory", ["inventory"]),
        ("/routes/charge-read/mismatches", ["mismatches", "charge-read"]),
        ("/routes/charge-read/mismatches/3fa1", ["mismatches", "charge-read", "3fa1"]),
    ],
)
def test_json_is_what_the_proxy_said(ask: Run, admin: CannedAdmin, path: str, arguments: list[str]) -> None:
    admin.answers("GET", path, {"routes": [], "text": "größer"})
    result = ask(*arguments, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"routes": [], "text": "größer"}
