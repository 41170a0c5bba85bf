"""The simple index of pypiserver, taken out of it: the small new service of docs/move-a-route-of-pypiserver.md.

    python examples/pypi_index.py FOLDER --port 8101

It lists the same folder of packages with code of its own: names and versions by `packaging` instead of pypiserver's
own patterns, hashes remembered instead of counted anew for every request, and gzip for clients that take it, which
pypiserver never sends. The files themselves (/packages/...) stay with pypiserver.

PYPI_INDEX_BUILD=1 chooses the first build, with two mistakes of the kind that really happens: it sorts versions as
text, so that 1.10 comes before 1.9, and it takes only `_` for another spelling of `-` in a project's name, where
PEP 503 has `.`, `_`, `-` and every run of them. The answer's X-Build header says which build it is.
"""

import argparse
import asyncio
import hashlib
import html
import os
import signal
import sys
from pathlib import Path

from aiohttp import web
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

FIRST_BUILD = os.environ.get("PYPI_INDEX_BUILD") == "1"
BUILD = "pypi-index-1" if FIRST_BUILD else "pypi-index-2"

PAGE = """<!DOCTYPE html>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{title}</title>
    </head>
    <body>
        <h1>{title}</h1>
{links}    </body>
</html>
    """


class Shelf:
    """The packages of one folder, read again when the folder has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = -1
        self._projects: dict[str, list[tuple[Version, str]]] = {}
        self._hashes: dict[str, str] = {}

    def projects(self) -> dict[str, list[tuple[Version, str]]]:
        """By normalised name, the (version, file name) of every package, oldest version first."""
        changed = self._folder.stat().st_mtime_ns
        if changed != self._changed:
            found: dict[str, list[tuple[Version, str]]] = {}
            for file in os.listdir(self._folder):
                if (named := _named(file)) is not None:
                    found.setdefault(named[0], []).append((named[1], file))
            for packages in found.values():
                packages.sort(key=_by_text if FIRST_BUILD else None)
            self._projects, self._hashes, self._changed = found, {}, changed
        return self._projects

    def sha256(self, file: str) -> str:
        if file not in self._hashes:
            with open(self._folder / file, "rb") as package:
                self._hashes[file] = hashlib.file_digest(package, "sha256").hexdigest()
        return self._hashes[file]


def _named(file: str) -> tuple[str, Version] | None:
    """The project and version that a file name says; None when it is no package."""
    try:
        return parse_wheel_filename(file)[:2] if file.endswith(".whl") else parse_sdist_filename(file)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


def _by_text(package: tuple[Version, str]) -> str:
    return str(package[0])


def create_app(folder: Path) -> web.Application:
    shelf = Shelf(folder)

    async def index(request: web.Request) -> web.Response:
        links = (f'                <a href="{name}/">{name}</a><br>\n' for name in sorted(shelf.projects()))
        return _page(request, "Simple Index", "".join(links))

    def link(file: str) -> str:
        shown = html.escape(file)
        return f'            <a href="/packages/{shown}#sha256={shelf.sha256(file)}">{shown}</a><br>\n'

    async def project(request: web.Request) -> web.Response:
        asked = request.match_info["project"]
        name = asked.lower().replace("_", "-") if FIRST_BUILD else canonicalize_name(asked)
        if name != asked:
            return _elsewhere(301, f"{request.scheme}://{request.host}/simple/{name}/")
        packages = shelf.projects().get(name)
        if packages is None:
            return _elsewhere(303, f"https://pypi.org/simple/{name}/")
        return _page(request, f"Links for {name}", "".join(link(file) for _, file in packages))

    app = web.Application()
    app.router.add_get("/simple/", index)
    app.router.add_get("/simple/{project}/", project)
    app.on_response_prepare.append(_sign)
    return app


def _page(request: web.Request, title: str, links: str) -> web.Response:
    answer = web.Response(text=PAGE.format(title=html.escape(title), links=links), content_type="text/html")
    answer.headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        answer.enable_compression(web.ContentCoding.gzip)
    return answer


def _elsewhere(status: int, location: str) -> web.Response:
    return web.Response(status=status, headers={"Location": location}, content_type="text/html", charset="utf-8")


async def _sign(_request: web.Request, answer: web.StreamResponse) -> None:
    answer.headers["X-Build"] = BUILD


async def serve(folder: Path, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(create_app(folder), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        sys.stdout.write(f"{BUILD} lists {folder} on http://127.0.0.1:{port}/simple/\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="The simple index of a folder of packages.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8101)
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a folder")
    asyncio.run(serve(options.folder, options.port))


if __name__ == "__main__":
    main()
