"""An edit changes the stage of one route and not a byte more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.config import CannotEditError, edit_stage
from proxy.model.sides import Stage
from tests.config.routes import TOP, spec

COMMENTED = (
    TOP
    + """# what moves
routes:
  # reads first
  - name: charge-read      # the label
    match: GET /v1/charges/{id}
    extracted: charges
    stage: "shadow"        # since May
    canary: {key: {cookie: session}, percent: 5%}   # staff first

  - {name: charge-list, match: GET /v1/charges, extracted: charges}
  - name: invoice-read
    extracted: invoices    # soon
    match: GET /v1/invoices/{id}
    canary:
      key: {cookie: session}   # sticky
# end
"""
)


def edited(route: str, stage: Stage, percent: float | None = None, text: str = COMMENTED) -> dict[str, str]:
    """Lines that went -> lines that came, by what stands in the edited file; checks that the edit took effect."""
    after = edit_stage(text, route, stage, percent)
    found = spec(after).by_name[route]
    assert found.stage is stage
    assert percent is None or found.canary.percent == percent
    was, now = text.splitlines(keepends=True), after.splitlines(keepends=True)
    return {
        "gone": "".join(line for line in was if line not in now),
        "come": "".join(line for line in now if line not in was),
    }


def test_a_stage_is_replaced_where_it_stands() -> None:
    assert edited("charge-read", Stage.LIVE) == {
        "gone": '    stage: "shadow"        # since May\n',
        "come": "    stage: live        # since May\n",
    }


def test_the_percent_keeps_the_way_it_was_written() -> None:
    change = edited("charge-read", Stage.CANARY, 12.5)
    assert "    canary: {key: {cookie: session}, percent: 12.5%}   # staff first\n" in change["come"]
    plain = COMMENTED.replace("percent: 5%", "percent: 5")
    assert "percent: 10}" in edited("charge-read", Stage.CANARY, 10.0, plain)["come"]


def test_a_flow_route_gets_its_keys_in_the_flow() -> None:
    line = (
        "  - {name: charge-list, stage: canary, canary: {percent: 10%}, match: GET /v1/charges, extracted: charges}\n"
    )
    text = edit_stage(COMMENTED, "charge-list", Stage.CANARY, 10.0)
    assert sorted(line.strip("\n")) == sorted(next(one for one in text.splitlines() if "charge-list" in one))
    assert spec(text).by_name["charge-list"].canary.percent == 10.0


def test_a_block_route_gets_lines_of_its_own() -> None:
    change = edited("invoice-read", Stage.CANARY, 10.0)
    assert change["come"] == "    stage: canary\n      percent: 10%\n"
    assert edited("charge-read", Stage.CANARY, 10.0, COMMENTED.replace("percent: 5%", "")) is not None


def test_a_canary_block_is_added_when_there_is_none() -> None:
    text = TOP + "routes:\n  - name: a   # here\n    match: /a\n    extracted: charges\n"
    assert edit_stage(text, "a", Stage.CANARY, 1.0).endswith(
        "  - name: a   # here\n    stage: canary\n    canary: {percent: 1%}\n    match: /a\n    extracted: charges\n"
    )


@pytest.mark.parametrize("text", [COMMENTED.replace("\n", "\r\n"), "\ufeff" + COMMENTED, COMMENTED.rstrip("\n")])
def test_line_ends_and_byte_order_mark_stay(text: str) -> None:
    after = edit_stage(text, "invoice-read", Stage.CANARY, 2.0)
    assert after.count("\r\n") == (after.count("\n") if "\r\n" in text else 0)
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    assert spec(after).by_name["invoice-read"].canary.percent == 2.0


def test_a_name_at_the_end_of_the_file_without_line_end() -> None:
    text = TOP + "routes:\n  - match: /a\n    extracted: charges\n    name: a"
    assert edit_stage(text, "a", Stage.LIVE, None) == text + "\n    stage: live"


def test_an_edit_that_would_change_another_route_is_refused() -> None:
    text = (
        TOP
        + """routes:
  - {name: a, match: /a, extracted: charges, canary: &c {percent: 5}}
  - {name: b, match: /b, extracted: charges, canary: *c}
"""
    )
    with pytest.raises(CannotEditError, match=r"`canary.percent: 10%` at route b by hand"):
        edit_stage(text, "b", Stage.CANARY, 10.0)
    assert spec(edit_stage(text, "b", Stage.LIVE, None)).by_name["b"].stage is Stage.LIVE


@pytest.mark.parametrize("text", ["", "a: [", "routes: 5", "routes: [{name: b}]", "routes: [{name: [a]}]"])
def test_a_route_that_is_not_there(text: str) -> None:
    with pytest.raises(CannotEditError):
        edit_stage(text, "a", Stage.LIVE, None)


def test_references_stay_references() -> None:
    text = COMMENTED.replace("127.0.0.1:8101", "${CHARGES}").replace('"shadow"', "${STAGE}")
    after = edit_stage(text, "charge-read", Stage.LIVE, None)
    assert after == text.replace("${STAGE}", "live")


STAGES = [None, "shadow", "'shadow'", '"shadow"', '"${STAGE:-shadow}"']
CANARIES = ["{percent: 5}", "{}", "{ key: client_ip }", "{key: client_ip, percent: 5%}", '{"percent": "5 %"}']
CANARY_LINES = ["percent: 5%", "percent: 5   # few", "key: client_ip"]


@st.composite
def layouts(draw: st.DrawFn) -> str:
    """The same route, however a person may lay it out."""
    stage = draw(st.sampled_from(STAGES))
    canary = draw(
        st.none() | st.sampled_from(CANARIES) | st.sets(st.sampled_from(CANARY_LINES), min_size=1, max_size=1)
    )
    keys = ["name: it", "match: /a", "extracted: charges"] + ([f"stage: {stage}"] if stage else [])
    if draw(st.booleans()) and not isinstance(canary, set):
        keys = draw(st.permutations([*keys, *([f"canary: {canary}"] if canary else [])]))
        return f"routes:\n  - {{{', '.join(keys)}}}  # one line\n"
    if isinstance(canary, set):
        keys.append("canary:\n      " + "\n      ".join(canary))
    elif canary:
        keys.append(f"canary: {canary}")
    comment = st.sampled_from(["", "  # why", "\n    # a line of its own", "\n"])
    lines = [key + draw(comment) for key in draw(st.permutations(keys))]
    start = draw(st.sampled_from(["  - ", "  -\n    ", "  - # it\n    "]))
    return "routes:\n" + start + "\n    ".join(lines) + draw(st.sampled_from(["", "\n"]))


@settings(max_examples=150, deadline=None)
@given(layouts(), st.sampled_from(Stage), st.none() | st.sampled_from([0.5, 10.0, 100.0]), st.booleans())
def test_any_layout_is_edited_and_nothing_else_changes(
    routes: str, stage: Stage, percent: float | None, windows: bool
) -> None:
    text = (TOP + routes).replace("\n", "\r\n" if windows else "\n")
    before, after = spec(text), spec(edit_stage(text, "it", stage, percent))
    (was,), (now,) = before.routes, after.routes
    canary = was.canary if percent is None else replace(was.canary, percent=percent)
    assert now == replace(was, stage=stage, canary=canary)
    assert after == replace(before, routes=(now,), digest=after.digest)
