"""Makes a folder of small packages for examples/pypi_index.py, without a network.

    python examples/tiny_packages.py FOLDER

tiny-000 to tiny-249 have one version; tiny-250 to tiny-299 have 1.9.0 and 1.10.0; tiny-grown is a source archive.
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def fill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(300):
        for version in ("1.0",) if number < 250 else ("1.9.0", "1.10.0"):
            wheel(folder, f"tiny_{number:03d}", version)
    source_archive(folder, "tiny_grown", "2.0")


def wheel(folder: Path, name: str, version: str) -> None:
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        file.writestr(f"{about}/METADATA", _metadata(name, version))
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")


def source_archive(folder: Path, name: str, version: str) -> None:
    """It brings its own build backend (PEP 517), since nobody promises that setuptools and wheel are there."""
    texts = {"PKG-INFO": _metadata(name, version), "pyproject.toml": PYPROJECT, "backend.py": _backend(name, version)}
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as file:
        for inside, text in texts.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{inside}")
            entry.size = len(text)
            file.addfile(entry, io.BytesIO(text.encode()))


PYPROJECT = """[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def _backend(name: str, version: str) -> str:
    """As much of one as `pip download` asks for: the metadata."""
    about = f"{name}-{version}.dist-info"
    return f"""from pathlib import Path


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    (Path(folder) / {about!r}).mkdir()
    (Path(folder) / {about!r} / "METADATA").write_text({_metadata(name, version)!r})
    return {about!r}
"""


def _metadata(name: str, version: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/tiny_packages.py FOLDER")
    fill(Path(sys.argv[1]))
