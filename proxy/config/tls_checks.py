"""What belongs together in the blocks of TLS: a url, a certificate, its key and the key's password.

Whether the files can be read is not looked at here, but where they are opened.
"""

from __future__ import annotations

import re

from proxy.config.checks import Backends
from proxy.config.complaints import quoted, subject
from proxy.config.yaml_text import Loc, Plain, Scalar, Source

_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def check_tls(source: Source, listen: Plain, backends: Backends) -> None:
    """Complain to `source` of blocks of TLS that can't be meant."""
    certificates = listen.get("tls") if isinstance(listen, dict) else None
    for number in range(len(certificates) if isinstance(certificates, list) else 0):
        _check_password(source, ("listen", "tls", number))
    for piece in backends.values():
        form, loc = piece.form, (*piece.loc, "tls")
        if form is None or form.tls is None:
            continue
        if form.places and not form.places[0].tls:
            _error(source, loc, "needs an `https://` url", "Write https:// in `url`, or remove the block.")
        if (form.tls.certificate is None) != (form.tls.key is None):
            what, missing = ("certificate", "key") if form.tls.certificate else ("key", "certificate")
            _error(source, loc, f"has a `{what}` without its `{missing}`", f"Add `{missing}:`, or remove both.")
        if not form.tls.verify and form.tls.ca is not None:
            _error(source, loc, "names a `ca` that `verify: false` never asks", "Remove one of the two.")
        _check_password(source, loc)


def _check_password(source: Source, block: Loc) -> None:
    """A password that stands in the file itself would be in every backup and every `git log` of it."""
    loc = (*block, "password")
    node, walked = source.find(loc)
    if walked == loc and isinstance(node, Scalar) and not node.is_null and not _REFERENCE.fullmatch(node.text):
        remedy = "Write `${NAME}`, and put the password into that variable."
        source.complain(node, "a password stands in the file itself", remedy)


def _error(source: Source, loc: Loc, message: str, remedy: str) -> None:
    node, walked = source.find(loc)
    source.complain(node, f"{subject(source, loc)}{quoted(walked)}{message}", remedy)
