"""What README and docs name exists: files, links, commands, options, make targets, keys, metrics, functions, paths of
the admin API, environment variables. A page that names what is gone is worse than none."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

import click
import pytest

from proxy import config
from proxy.admin import make_app
from proxy.cli.app import COMMANDS, app
from proxy.metrics import CATALOGUE
from tests.docs import commands_page

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "bench/README.md", ROOT / "deploy/README.md")
    if page.exists()
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
MADE_AT_RUN_TIME = {
    "bench/results/latest.json",
    "admin.json",
    "run.json",
    "tripe.sqlite3",
    "evidence.sqlite3",
    ".strangler/",
    ".venv/",
    ".demo/",
}
A_FILE = re.compile(r"(?:[\w.-]+/)*[\w.-]+\.(?:py|md|yaml|yml|json|toml|service|lua|html|sqlite3)|(?:[\w.-]+/)+")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text("utf-8"))


def spans(page: Path) -> list[str]:
    return SPAN.findall(prose(page))


def blocks(page: Path, *languages: str) -> list[str]:
    return [body for language, body in FENCE.findall(page.read_text("utf-8")) if language in languages]


def shell(page: Path) -> list[str]:
    """Every command that the page shows, one line each: in spans, in blocks of commands, after prompts."""
    lines = [*spans(page), *"\n".join(blocks(page, "sh")).splitlines()]
    lines += re.findall(r"^\$ (.*)$", "\n".join(blocks(page, "", "text", "console")), re.MULTILINE)
    return [line.strip() for line in lines]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_there_is_something_to_check() -> None:
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {
        "README.md",
        "CHANGELOG.md",
        "docs/architecture.md",
        "docs/life-of-a-request.md",
        "docs/metrics.md",
    } <= names
    assert sum(len(spans(page)) for page in PAGES) > 500


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), f"{target}: no such file"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", FENCE.sub("", other.read_text("utf-8")), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, f"{target}: no such heading"


@cache
def file_names() -> frozenset[str]:
    folders = ("proxy", "legacy_monolith", "extracted", "demo", "bench", "tests", "examples", "docs", "deploy")
    return frozenset(path.name for folder in folders for path in (ROOT / folder).rglob("*.*"))


@pages
def test_files_exist(page: Path) -> None:
    for name in spans(page):
        if A_FILE.fullmatch(name) and name not in MADE_AT_RUN_TIME and not name.startswith("/"):
            places = (ROOT / name, page.parent / name, ROOT / "proxy" / name)
            bare = "/" not in name and name in file_names()
            assert bare or any(place.exists() for place in places), f"{name}: no such file"


@cache
def options(command: str) -> frozenset[str]:
    context = click.Context(app)
    found = app.get_command(context, command)
    assert found is not None
    return frozenset(name for one in found.get_params(context) for name in (*one.opts, *one.secondary_opts))


@pages
def test_commands_and_their_options_exist(page: Path) -> None:
    for line in shell(page):
        for call in re.findall(r"(?:^|[|;] *|&& *|until |exec \w+ )strangler ([^|;&]*)", line):
            name, *words = re.sub(r"'[^']*'|\"[^\"]*\"", "", call).split() or [""]
            if name.startswith("-") or name in ("COMMAND", ""):
                continue
            assert name in COMMANDS, f"{line}: no such command"
            for word in words:
                if re.fullmatch(r"--?[a-zA-Z][\w-]*", word):
                    assert word in options(name), f"{line}: {name} has no {word}"


@pages
def test_options_named_alone_exist(page: Path) -> None:
    if page.parent.name == "deploy":
        return  # speaks of Docker's options too
    known = frozenset().union(*(options(name) for name in COMMANDS)) | {"--version", "-h", "--help"}
    if page.parent.name == "bench":
        known = frozenset(re.findall(r"--[\w-]+", (ROOT / "bench/__main__.py").read_text()))
    for name in spans(page):
        for word in re.findall(r"^(--[a-z][\w-]*)", name):
            assert word in known, f"{name}: no command has it"


@pages
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in shell(page):
        for target in re.findall(r"(?:^|&& )make ([a-z-]+)", line):
            assert target in targets, f"{line}: no such target"


@pages
def test_routes_files_shown_in_full_are_valid(page: Path) -> None:
    for text in blocks(page, "yaml"):
        if re.search(r"^version:", text, re.MULTILINE):
            problems = [str(one) for one in config.load(text, env={}).problems if one.severity == "error"]
            assert problems == []


@cache
def keys() -> dict[str, frozenset[str]]:
    """By block of routes.yaml (its key), the keys in it; "" holds all keys there are."""
    schema = config.json_schema()
    found: dict[str, set[str]] = {"": set()}

    def properties(block: dict[str, Any]) -> dict[str, Any]:
        return next((one["properties"] for one in (block, *block.get("anyOf", ())) if "properties" in one), {})

    for block in (schema, *schema["$defs"].values()):
        for name, value in properties(block).items():
            found[""].add(name)
            named = re.search(r"#/\$defs/(\w+)", str(value))
            if named:
                found.setdefault(name, set()).update(properties(schema["$defs"][named[1]]))
    return {name: frozenset(inner) for name, inner in found.items()}


@pages
def test_keys_of_routes_yaml_exist(page: Path) -> None:
    for name in spans(page):
        dotted = re.fullmatch(r"([a-z_]+)\.([a-z0-9_]+)", name)
        if dotted and dotted[1] in keys() and not A_FILE.fullmatch(name):
            assert dotted[2] in keys()[dotted[1]], f"{name}: no such key"
        pair = re.match(r"([a-z_]+): ", name)
        if pair and pair[1] != "strangler":
            assert pair[1] in keys()[""], f"{name}: no such key"


@pages
def test_metrics_exist(page: Path) -> None:
    for name in re.findall(r"strangler_[a-z_]+", page.read_text("utf-8")):
        assert re.sub(r"_(bucket|count|sum)$", "", name) in CATALOGUE, f"{name}: no such metric"


@cache
def defined() -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """The functions and classes of the checkout, and what each class or module holds."""
    names: set[str] = set()
    holders: dict[str, set[str]] = {}
    for folder in ("proxy", "legacy_monolith", "extracted", "bench", "demo", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    names.add(node.name)
                    for holder in (path.stem, path.parent.name):
                        holders.setdefault(holder, set()).add(node.name)
                if isinstance(node, ast.ClassDef):
                    inner = holders.setdefault(node.name, set())
                    for one in ast.walk(node):
                        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                            inner.add(one.name)
                        elif isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
                            inner.add(one.attr)
    return frozenset(names), {name: frozenset(inner) for name, inner in holders.items()}


@pages
def test_functions_and_classes_exist(page: Path) -> None:
    names, holders = defined()
    for span in spans(page):
        call = re.fullmatch(r"(?:(\w+)\.)?(\w+)(\(\))?", span)
        if not call or A_FILE.fullmatch(span) or not (call[3] or (call[1] or "")[:1].isupper()):
            continue
        holder, name = call[1], call[2]
        if holder in holders:
            assert name in holders[holder], f"{span}: {holder} has none"
        elif holder not in ("json", "asyncio"):
            assert not holder, f"{span}: no such class or module"
            assert name in names, f"{span}: no such function"


@pages
def test_paths_of_the_admin_port_exist(page: Path) -> None:
    routes = [one.canonical for one in make_app(cast(Any, None), token=None).router.resources()]
    known = [re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one))) for one in routes]
    text = page.read_text("utf-8")
    for path in re.findall(r"/(?:api/v1/[\w/{}.-]*\w|healthz|readyz|metrics)\b(?!\.)", text):
        assert any(one.fullmatch(path) for one in known), f"{path}: no such path"


@pages
def test_environment_variables_are_read(page: Path) -> None:
    files = [ROOT / "setup.py", *(ROOT / "proxy").rglob("*.py")]
    source = "\n".join(path.read_text("utf-8") for path in files)
    for name in re.findall(r"\bSTRANGLER_[A-Z_]+", page.read_text("utf-8")):
        assert name in source, f"{name}: nobody reads it"


def test_the_reference_of_commands_is_the_current_one() -> None:
    assert commands_page.PAGE.read_text() == commands_page.page(), "run make docs"
