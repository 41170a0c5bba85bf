"""What is worth a question, and how many fit into a second."""

from __future__ import annotations

from proxy.model.comparison import Field, Kind
from proxy.shadow import allowance
from proxy.shadow.allowance import EVERY, FREELY, Fields, Rate, Worth

CLOCK: Field = ("$.now", Kind.VALUE)
FEE: Field = ("$.fee", Kind.VALUE)


def test_a_field_is_asked_about_freely_at_first_and_now_and_then_after() -> None:
    fields = Fields()
    for _ in range(FREELY):
        assert fields.worth("read", [CLOCK], 5.0) is Worth.MUCH
        fields.asked("read", [CLOCK], 5.0)
    assert fields.worth("read", [CLOCK], 5.0 + EVERY / 2) is Worth.NOTHING
    assert fields.worth("read", [CLOCK], 5.0 + EVERY) is Worth.SOMETHING


def test_a_loud_field_hides_no_other_one() -> None:
    fields = Fields()
    for _ in range(FREELY):
        fields.asked("read", [CLOCK], 5.0)
    assert fields.worth("read", [CLOCK, FEE], 5.0) is Worth.MUCH
    assert fields.worth("list", [CLOCK], 5.0) is Worth.MUCH
    assert fields.worth("read", [], 5.0) is Worth.NOTHING


def test_the_fields_remembered_are_bounded() -> None:
    fields = Fields()
    for number in range(allowance.FIELDS + 10):
        fields.asked("read", [(f"$.f{number}", Kind.VALUE)], 0.0)
    assert len(fields._known) == allowance.FIELDS


def test_half_of_the_rate_is_kept_for_what_is_new() -> None:
    rate = Rate()
    for number in range(4):
        assert rate.has_room(number / 10, 4.0) == (number < 2)
        rate.take(number / 10)
    assert not rate.has_room(1.1, 4.0)
    assert rate.has_room(1.25, 4.0)


def test_what_is_in_line_takes_its_room_already() -> None:
    rate = Rate()
    rate.take(3.0)
    rate.take(3.25)
    assert not rate.has_room(1.0, 4.0)
    assert rate.has_room(4.0, 4.0)


def test_a_rate_below_one_and_none() -> None:
    rate = Rate()
    assert not rate.has_room(0.0, 0.0)
    assert rate.has_room(0.0, 0.5)
    rate.take(0.0)
    assert not rate.has_room(1.9, 0.5)
    assert rate.has_room(2.0, 0.5)
