"""The dashboard's files: served as they are, with nothing from elsewhere and no way to inject markup."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from proxy.admin import make_app
from proxy.model.comparison import Result
from tests.admin.helpers import Control

Client = TestClient[Request, Application]
FOLDER = files("proxy.admin")


def text(name: str) -> str:
    return FOLDER.joinpath(name).read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/", "dashboard.html", "text/html"),
        ("/dashboard.js", "dashboard.js", "text/javascript"),
        ("/dashboard.css", "dashboard.css", "text/css"),
    ],
)
async def test_the_files_are_served(aiohttp_client, path: str, name: str, kind: str) -> None:  # type: ignore[no-untyped-def]  # no public type
    client: Client = await aiohttp_client(make_app(Control().face(), token=None))
    answer = await client.get(path)
    assert (answer.status, answer.content_type, answer.charset) == (200, kind, "utf-8")
    assert await answer.text() == text(name)


@pytest.mark.parametrize("name", ["dashboard.html", "dashboard.js", "dashboard.css"])
def test_nothing_comes_from_elsewhere(name: str) -> None:
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text(name))


def test_the_page_holds_no_script_style_or_handler_that_the_policy_would_have_to_allow() -> None:
    page = text("dashboard.html")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]


def test_the_script_makes_text_never_markup_and_never_writes() -> None:
    script = text("dashboard.js")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\(\"on", script
    )
    assert "method:" not in script


def test_every_element_that_the_script_looks_up_is_in_the_page() -> None:
    wanted = set(re.findall(r'find\("(\w+)"\)', text("dashboard.js")))
    assert wanted
    assert wanted <= set(re.findall(r'id="(\w+)"', text("dashboard.html")))


def test_every_class_that_the_script_sets_has_a_style() -> None:
    made = re.findall(r'make\("\w+", "([a-z_ ]+)"', text("dashboard.js"))
    styled = set(re.findall(r"\.([a-z_]+)", text("dashboard.css")))
    assert {name for names in made for name in names.split()} <= styled


def test_every_result_is_shown_and_has_a_colour() -> None:
    named = re.search(r"const RESULTS = \[(.*)\];", text("dashboard.js"))
    assert named is not None
    assert sorted(re.findall(r'"(\w+)"', named[1])) == sorted(Result)
    assert set(re.findall(r"\.bar \.([a-z_]+)", text("dashboard.css"))) == set(Result)


def test_the_files_are_named_as_package_data() -> None:
    settings = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    for ending in ("html", "js", "css"):
        assert f'"admin/*.{ending}"' in settings
