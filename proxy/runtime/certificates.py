"""The files of certificates that routes.yaml names, tried before they are needed.

A start or a reload with files that make no certificate is refused like any other mistake: the proxy would answer
nobody. Whoever only checks the text may sit at another machine, where the files are not: a warning there.
"""

from __future__ import annotations

import dataclasses

from proxy.model.problem import Problem, Severity
from proxy.model.spec import BackendTls, Certificate, RoutesSpec
from proxy.runtime.load import Built


def with_files_tried(built: Built, file: str, severity: Severity = Severity.ERROR) -> Built:
    """The same with a problem for each certificate that can't be used; with an error there is nothing that can run."""
    if built.compiled is None:
        return built
    found = tuple(_trouble(built.compiled.spec, file, severity))
    failed = bool(found) and severity is Severity.ERROR
    return dataclasses.replace(built, problems=built.problems + found, compiled=None if failed else built.compiled)


def _trouble(spec: RoutesSpec, file: str, severity: Severity) -> list[Problem]:
    named: list[tuple[str, Certificate | BackendTls]] = [("listen", one) for one in spec.listen.tls]
    named += [(f"backend {name}", one.tls) for name, one in spec.backends.items() if one.tls]
    found: list[Problem] = []
    for subject, described in named:
        from proxy.data_path.tls import TlsError, make_context  # late: most files name no certificate

        try:
            make_context(described)
        except TlsError as trouble:
            remedy = "Let the process that runs the proxy read a certificate and the key that belongs to it."
            mark = described.mark
            found.append(Problem(f"{subject}: {trouble}", remedy, file, mark.line, mark.column, severity))
    return found
