"""What is kept of an example where no value may be: names.

For a route that says `names_only`, secrets are not looked for, since nobody can list all places where a health record
or a payslip may show. Nothing that a client or a backend sent is kept but the method, the names of headers, the paths
of the fields that differ, and figures (status, sizes, times). The path is the template of its match. A document that
uses values as names of members still shows those that do not look like ids: they are paths.
"""

from __future__ import annotations

from proxy.model.comparison import Difference
from proxy.model.headers import Headers
from proxy.model.observation import CapturedBody, CapturedRequest, Observation


def names_of_request(request: CapturedRequest, path: bytes) -> CapturedRequest:
    """The request without a value; `path` is what it is called by."""
    return CapturedRequest(request.method, path, _names(request.headers), _size(request.body))


def names_of_observation(observation: Observation) -> Observation:
    return observation._replace(headers=_names(observation.headers), body=_size(observation.body))


def names_of_differences(differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
    return tuple(one._replace(legacy="", extracted="", place=one.path) for one in differences)


def _names(headers: Headers) -> Headers:
    return tuple((name, b"") for name, _ in headers)


def _size(body: CapturedBody) -> CapturedBody:
    return body._replace(data=b"")
