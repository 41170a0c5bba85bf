"""An edit changes the stage of one route and not a byte more."""

from __future__ import annotations

import pytest

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
