"""What `load` promises beyond the golden files: values, references, hostile text, size."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from proxy.model import spec as model
from proxy.model.problem import Severity
from proxy.model.sides import Stage
from tests.config import golden
from tests.config.routes import TOP, messages, only_message, read, route, route_text, spec


def test_what_is_left_out_is_the_default_of_the_model() -> None:
    bare = route()
    assert bare == model.Route(bare.name, bare.matches, bare.extracted, mark=bare.mark)
    whole = spec(TOP)
    named = model.RoutesSpec(whole.backends, "legacy", digest=whole.digest)
    assert whole == named
    legacy = whole.backends["legacy"]
    assert legacy == model.Backend("legacy", "http://127.0.0.1:8001", "127.0.0.1", 8001)


@pytest.mark.parametrize(
    ("short", "methods", "kind", "path"),
    [
        ("GET /v1/charges/{id}", {"GET", "HEAD"}, "Template", "/v1/charges/{id}"),
        ("/v1/charges", set(), "Exact", "/v1/charges"),
        ("PUT,PATCH /v1/reports/*", {"PUT", "PATCH"}, "PathPrefix", "/v1/reports"),
        ("/*", set(), "PathPrefix", "/"),
        ("DELETE  /v1/charges/%20", {"DELETE"}, "Exact", "/v1/charges/%20"),
    ],
)
def test_the_short_form(short: str, methods: set[str], kind: str, path: str) -> None:
    (match,) = route(match=f'match: "{short}"').matches
    assert match == model.Match(path, model.PathType(kind), frozenset(methods))


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ("get /a", "Did you mean `GET`?"),
        ("GTE /a", "Did you mean `GET`?"),
        ("GET a", "Did you mean `/a`?"),
        ("GET", "Write `GET /path`."),
        ("GET /a /b", "spaces in a path are `%20`"),
        ("CONNECT /a", "answers it with 405"),
        ("/a?b=c", "queryParams"),
        ("/a/../b", "after these are resolved"),
        ("/a//b", "after these are resolved"),
        ("/a/{id}.pdf", "RegularExpression"),
        ("/a/{id}/{id}", "Give each its own name"),
        ("/a/{id}/*", "RegularExpression"),
        ("/é", "Percent-encode"),
    ],
)
def test_a_wrong_short_form_says_how_to_mend_it(match: str, says: str) -> None:
    assert says in only_message(route_text(match=f'match: "{match}"'))


def test_long_get_is_get_alone_and_strings_stay_as_written() -> None:
    keys = "matches: [{method: GET, headers: [{name: X-Version, value: 1.10}, {name: X-Country, value: NO}]}]"
    (match,) = route(match=keys).matches
    assert match.methods == {"GET"}
    assert [condition.value for condition in match.headers] == ["1.10", "NO"]
    assert (match.path_type, match.path) == (model.PathType.PREFIX, "/")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("timeout: 250ms", 0.25), ("timeout: 1m30s", 90.0), ("timeout: 1.5h", 5400.0), ("timeout: '1d'", 86400.0)],
)
def test_durations(written: str, meant: float) -> None:
    assert spec(TOP.replace('8101"', f'8101", {written}')).backends["charges"].timeout == meant


@pytest.mark.parametrize("written", ["5", "1x", "-1s", "0s", "99999d", "1s 2s", "", "~", "[1s]", "{a: 1s}"])
def test_what_is_no_duration(written: str) -> None:
    problem = only_message(TOP.replace('8101"', f'8101", timeout: {written}'))
    assert problem.startswith("routes.yaml:4:")
    assert "`timeout`" in problem


@pytest.mark.parametrize(("written", "meant"), [("64KB", 65536), ("1MiB", 1024**2), ("512B", 512), ("100", 100)])
def test_sizes(written: str, meant: int) -> None:
    assert spec(TOP + f"limits: {{body: {written}}}").limits.body == meant


@pytest.mark.parametrize(("written", "meant"), [("5%", 5.0), ("5", 5.0), ("0.1 %", 0.1), ("0", 0.0), ("100", 100.0)])
def test_percents(written: str, meant: float) -> None:
    assert route(f"canary: {{percent: {written}}}").canary.percent == meant


def test_a_confidence_written_as_fraction_is_not_taken_for_less_than_one_percent() -> None:
    assert "Write `95%`." in only_message(route_text("gate: {confidence: 0.95}"))


def test_references_fill_in_any_value_and_may_have_defaults() -> None:
    text = route_text("stage: ${STAGE}\ncanary: {percent: '${SHARE:-7%}', key: {cookie: $${x}}}").replace(
        "http://127.0.0.1:8101", "http://${HOST}:${PORT:-8101}"
    )
    result = spec(text.replace("$${x}", "a"), STAGE="canary", HOST="charges.internal")
    assert result.backends["charges"].url == "http://charges.internal:8101"
    assert (result.routes[0].stage, result.routes[0].canary.percent) == (Stage.CANARY, 7.0)


def test_an_escaped_reference_is_plain_text() -> None:
    keys = 'canary: {include: [{header: {X-A: "$${HOME}"}}]}'
    assert route(keys).canary.include[0].value == "${HOME}"


def test_what_a_variable_held_is_never_repeated() -> None:
    secret = "hunter2 is no value of anything"
    keys = (
        "stage: ${S}\nmatches: ['${S}', {path: {type: RegularExpression, value: '(${S}'}}]\nextracted: ${S}\n"
        "canary: {percent: '${S}'}\nredact: ['${S}']\ngate: {confidence: '${S}'}\nshadow: {methods: ['${S}']}"
    )
    text = route_text(keys, name="${S}", match="fallback: ${S}").replace("http://127.0.0.1:8101", "${S}")
    found = messages(text, S=secret)
    assert len(found) >= 10
    assert "hunter2" not in "\n".join(found)


def test_anchors_and_merges_work_and_own_keys_win() -> None:
    first = "canary: &staff {percent: 5, key: {cookie: session}}"
    text = route_text(first) + "  - {name: b, match: /b, extracted: charges, canary: {percent: 9, <<: *staff}}\n"
    second = spec(text).routes[1].canary
    assert (second.percent, second.key.name) == (9.0, "session")


def test_one_mistake_in_an_anchor_is_one_problem() -> None:
    text = route_text("canary: &staff {percent: 500}") + (
        "  - {name: b, match: /b, extracted: charges, canary: *staff}\n"
    )
    assert ":11:30:" in only_message(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "&a [*a]",
        "a: &a [*a]",
        "\ud800",
        "a: \x00",
        "a: !!python/object/apply:os.system [x]",
        "? {a: b}\n: c",
        "<<: 1",
        "<<: [*x]",
        "a: b\n---\nc: d\n",
        "a0: &a0 {}\n" + "".join(f"a{i}: &a{i} {{<<: [{f'*a{i - 1},' * 50}]}}\n" for i in range(1, 12)),
        "%YAML 7.1\n---\na: b",
        "\ufeff",
        "a: &a ["
        + "1," * 50
        + "]\n"
        + "".join(f"b{i}: &b{i} [{f'*b{i - 1},' * 50 if i else '*a,' * 50}]\n" for i in range(9)),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_is_a_problem_not_a_crash(text: str) -> None:
    result = read(text)
    assert result.spec is None
    assert result.problems


@pytest.mark.parametrize("path", sorted(golden.GOLDEN.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_without_libyaml_it_reads_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = golden.loaded(path)
    monkeypatch.setattr("proxy.config.yaml_text._Loader", yaml.BaseLoader)
    slow = golden.loaded(path)
    assert slow.spec == fast.spec
    if "not valid YAML" not in str(fast.problems):  # the two parsers word and place broken YAML differently
        assert slow.problems == fast.problems


@pytest.mark.parametrize("tag", ["!!int", "!!binary", "!custom"])
def test_tags_are_refused(tag: str) -> None:
    problem = only_message(TOP.replace("version: 1", f"version: {tag} 1"))
    assert "routes.yaml:1:10:" in problem
    assert "Remove the tag" in problem


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert read("\ufeff" + TOP).spec is not None


def test_the_garbage_collector_is_on_again_after_a_load() -> None:
    assert gc.isenabled()
    read("[" * 100)
    read(TOP)
    assert gc.isenabled()


def test_routes_carry_their_mark_and_can_be_found_by_name() -> None:
    text = route_text() + "  - {name: b, match: /b, extracted: invoices}\n"
    result = spec(text)
    assert [route.mark for route in result.routes] == [model.Mark(8, 5), model.Mark(11, 5)]
    assert result.by_name["b"] is result.routes[1]
    assert result.digest
    assert result.digest != spec(text + "# more\n").digest


def test_a_write_is_copied_only_where_the_backend_says_what_it_does_with_it() -> None:
    keys = "stage: shadow\nshadow: {methods: [GET, POST]}"
    assert "copies POST" in only_message(route_text(keys, match="match: POST /a"))
    assert route(keys + "\nextracted: invoices", match="match: POST /a").shadow.methods == {"GET", "POST"}


def test_warnings_do_not_stop_a_file() -> None:
    result = read(route_text("stage: shadow").replace(", build_header: X-Build}", "}"))
    assert result.spec is not None
    assert [problem.severity for problem in result.problems] == [Severity.WARNING]
    assert "build_header" in result.problems[0].message


def test_a_rule_expires_the_day_after_its_last() -> None:
    keys = "compare: {ignore: [{path: $.a, until: %s}]}"
    assert messages(route_text(keys % "2026-06-01")) == []
    assert "has expired" in only_message(route_text(keys % "2026-05-31"))


def test_mistakes_in_one_block_do_not_hide_those_in_another() -> None:
    text = route_text("gate: {confidenc: 95%}\nextracted: chrges").replace("8001", "8001/x") + "limts: {}\n"
    found = "\n".join(messages(text))
    for hint in ("`confidence`", "`charges`", "must end after the port", "`limits`"):
        assert hint in found


def test_ten_thousand_routes_load() -> None:
    line = '  - {name: r-NUMBER, match: "GET /v1/things-NUMBER/{id}", extracted: charges, stage: shadow}\n'
    text = TOP + "routes:\n" + "".join(line.replace("NUMBER", str(number)) for number in range(10_000))
    assert len(spec(text).routes) == 10_000


def test_equal_meaning_is_an_equal_spec() -> None:
    one, other = spec(route_text("canary: {percent: 5}")), spec(route_text("canary: {percent: 5.0%}  # the same"))
    assert replace(one, digest="") == replace(other, digest="")


def test_a_problem_is_one_line_whatever_it_quotes() -> None:
    (found,) = messages(route_text("", name='"a\\nb"'))
    assert "\n" not in found
    assert "(found `a\\nb`)" in found


def test_a_whole_section_of_the_wrong_shape_is_named() -> None:
    (found,) = messages(route_text("").partition("routes:")[0] + "routes: {a: 1}\n")
    assert "`routes` must be a list" in found
