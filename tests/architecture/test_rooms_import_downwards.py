"""The rooms of proxy/ import in one direction, and pure rooms do no IO: docs/architecture.md, enforced."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROXY = Path(__file__).resolve().parents[2] / "proxy"

LEVELS: list[set[str]] = [
    {"cli"},
    {"runtime"},
    {"data_path", "shadow", "store", "metrics", "admin", "rollout"},
    {"config", "routing", "comparison", "evidence"},
    {"model"},
]
LEVEL = {room: depth for depth, rooms in enumerate(LEVELS) for room in rooms}
IMPURE = {
    "asyncio",
    "aiohttp",
    "socket",
    "time",
    "random",
    "secrets",
    "os",
    "logging",
    "structlog",
    "subprocess",
    "threading",
    "sqlite3",
    "uvloop",
    "httptools",
    "pathlib",
    "uuid",
}
ROOMS = sorted(path.parent.name for path in PROXY.glob("*/__init__.py"))


def imports(path: Path, *, typing_too: bool = True) -> set[str]:
    """Every module that a file imports, as dotted names; inside functions too, and for type checking if asked."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if typing_too or not isinstance(node, ast.If) or ast.unparse(node.test) != "TYPE_CHECKING":
            continue
        node.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            found.update(f"{module}.{alias.name}" for alias in node.names) if module == "proxy" else found.add(module)
    return found


def nature(room: str) -> str:
    doc = ast.get_docstring(ast.parse((PROXY / room / "__init__.py").read_text())) or ""
    return doc.split(" ", 1)[0].split("\n", 1)[0]


def test_there_are_rooms() -> None:
    assert {"model", "config", "routing", "data_path", "runtime", "cli"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_level_and_says_what_it_is(room: str) -> None:
    assert room in LEVEL
    assert nature(room) == ("Pure." if LEVEL[room] >= 3 else "Edge.")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below(room: str) -> None:
    for path in (PROXY / room).rglob("*.py"):
        for name in imports(path):
            if name.startswith("proxy."):
                other = name.split(".")[1]
                if other in LEVEL:
                    allowed = other == room or LEVEL[other] > LEVEL[room]
                    assert allowed, f"{path.relative_to(PROXY)} imports proxy.{other}"


@pytest.mark.parametrize("room", [room for room in ROOMS if LEVEL.get(room, 0) >= 3])
def test_a_pure_room_does_no_io(room: str) -> None:
    for path in (PROXY / room).rglob("*.py"):
        if path.name == "reference.py":  # writes the docs; run by a person, imported by nothing
            continue
        found = {name.split(".")[0] for name in imports(path)} & IMPURE
        assert not found, f"{path.relative_to(PROXY)} imports {found}"


def test_the_model_needs_only_the_standard_library() -> None:
    import sys

    for path in (PROXY / "model").rglob("*.py"):
        outside = {
            name.split(".")[0]
            for name in imports(path)
            if name.split(".")[0] not in {*sys.stdlib_module_names, "proxy"}
        }
        assert not outside, f"{path.name} imports {outside}"


def test_no_room_imports_itself_in_a_circle() -> None:
    """Modules import each other without cycles (type-checking imports aside)."""
    graph: dict[str, set[str]] = {}
    for path in PROXY.rglob("*.py"):
        name = ".".join(("proxy", *path.relative_to(PROXY).with_suffix("").parts))
        graph[name.removesuffix(".__init__")] = {
            module
            for module in imports(path, typing_too=False)
            if module.startswith("proxy.") and path.name != "__init__.py"
        }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"circle: {' -> '.join((*trail[trail.index(name) :], name))}"
        if name in done:
            return
        for module in graph.get(name, set()):
            visit(module, (*trail, name))
        done.add(name)

    for name in list(graph):
        visit(name, ())


def test_a_worker_does_not_load_what_only_control_uses() -> None:
    """Each of these is megabytes in every worker."""
    told = "import sys, proxy.runtime.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=PROXY.parent)
    assert not {"lxml", "pydantic", "yaml", "prometheus_client", "aiohttp", "click", "sqlite3"} & set(
        loaded.stdout.split()
    )


def test_a_worker_asks_whether_bytes_are_equal_and_reads_no_body() -> None:
    """Reading a megabyte of JSON holds a process up for 50 ms, from a thread too. So pairs that differ cross to
    control, whatever their size: of the room that compares, what a worker runs calls one function, which reads
    nothing."""
    told = "import sys, proxy.runtime.worker; print(*(name for name in sys.modules if name.startswith('proxy.')))"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=PROXY.parent)
    called: dict[str, set[str]] = {}
    for name in loaded.stdout.split():
        if name.startswith("proxy.comparison"):
            continue
        path = PROXY.joinpath(*name.split(".")[1:])
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        tree = ast.parse(path.read_text())
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "comparison"
        }
        parts = {one for one in imports(path, typing_too=False) if one.startswith("proxy.comparison")}
        readers = {one for one in imports(path) if one.split(".")[0] in {"html", "lxml", "xml"}}
        if found := used | readers | parts - {"proxy.comparison"}:
            called[name] = found
    assert called == {"proxy.runtime.outbox": {"byte_equal"}}
