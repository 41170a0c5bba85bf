"""What is in force: the file, what stands above it, and the epochs that follow."""

from __future__ import annotations

import datetime

from proxy import config
from proxy.model.sides import Stage, StageSource
from proxy.runtime.live import Change, Live
from proxy.runtime.load import Built, build

TODAY = datetime.date(2026, 1, 1)
TEXT = """
version: 1
backends:
  legacy: {url: "http://127.0.0.1:8001"}
  first: {url: "http://127.0.0.1:8101", build_header: X-Build}
  second: {url: "http://127.0.0.1:8102", build_header: X-Build}
legacy: legacy
routes:
  - {name: read, match: "GET /items/{id}", extracted: first, stage: shadow}
  - {name: list, match: "GET /items", extracted: first, stage: shadow}
"""


def built(text: str) -> Built:
    return build(text, file="routes.yaml", env={}, today=TODAY)


def reload(now: Live, text: str) -> Change:
    fresh = built(text)
    changes = config.changes(now.compiled.spec, fresh.compiled.spec) if fresh.compiled else ()
    return now.reload(fresh, changes, "ada")


def live(text: str = TEXT) -> Live:
    compiled = built(text).compiled
    assert compiled is not None
    begun = Live(lambda: 1000.0, compiled)
    begun.begin({}, {}, False)
    return begun


def test_a_bad_text_changes_nothing_but_what_is_shown_of_it() -> None:
    now = live()
    before = (now.compiled, dict(now.states), now.generation)
    change = reload(now, TEXT.replace("shadow", "shadwo"))
    assert (now.compiled, now.states, now.generation) == before
    assert not change.new_table
    assert (now.last_ok, len(now.last_problems)) == (False, 2)
    assert [row.action for row in change.audit] == ["reload_refused"]


def test_an_override_goes_when_the_route_is_put_back_where_the_file_has_it() -> None:
    now = live()
    route = now.compiled.spec.by_name["read"]
    now.put(route, Stage.CANARY, 20.0, "ada", "", "promote")
    assert now.states["read"][:3] == (Stage.CANARY, 20.0, StageSource.OVERRIDE)
    change = now.put(route, Stage.SHADOW, route.canary.percent, "ada", "", "rollback")
    assert change.overrides_cleared == ("read",)
    assert now.states["read"].source is StageSource.FILE
    assert now.states["read"].epoch == 3


def test_one_instance_more_or_less_is_no_other_backend() -> None:
    now = live()
    more = TEXT.replace('url: "http://127.0.0.1:8101"', 'urls: ["http://127.0.0.1:8101", "http://127.0.0.1:8111"]')
    reload(now, more)
    assert now.states["read"].epoch == 1
    reload(now, more.replace("8101", "8121"))
    assert now.states["read"].epoch == 1, "one of them stays"
    reload(now, more.replace("8101", "8131").replace("8111", "8141"))
    assert now.states["read"].epoch == 2


def test_another_extracted_backend_begins_a_new_epoch_of_its_routes_only() -> None:
    now = live()
    reload(now, TEXT.replace('{id}", extracted: first', '{id}", extracted: second'))
    assert (now.states["read"].epoch, now.states["list"].epoch) == (2, 1)
    reload(now, TEXT.replace('{id}", extracted: first', '{id}", extracted: second').replace(":8101", ":8109"))
    assert (now.states["read"].epoch, now.states["list"].epoch) == (2, 2)


def test_halt_and_resume_are_no_news_twice() -> None:
    now = live()
    assert now.halt(True, "ada", "drill").words == ("halt",)
    assert now.halt(True, "ada", "drill").audit == ()
    assert now.states["read"].stage is Stage.LEGACY
    assert now.halt(False, "ada", "").words == ("resume",)
    assert now.states["read"].epoch == 3
