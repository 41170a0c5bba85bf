"""HTTPRoute conformance: matching and precedence (ExactPathMatching, PathMatchOrder, HeaderMatching, MethodMatching,
QueryParamMatching, MatchingAcrossRoutes, HostnameIntersection)."""

from __future__ import annotations

import pytest

from tests.routing.httproute import backend_of, request, table

EXACT = """
- {name: one, match: /one, extracted: v1, stage: live}
- {name: two, match: /two, extracted: v2, stage: live}
"""


@pytest.mark.parametrize(
    ("target", "backend"),
    [
        ("/one", "v1"),
        ("/two", "v2"),
        ("/", "legacy"),
        ("/one/example", "legacy"),
        ("/two/", "legacy"),
        ("/Two", "legacy"),
    ],
)
def test_an_exact_path_is_the_whole_path_in_its_case(target: str, backend: str) -> None:
    assert backend_of(table(EXACT), request(target)) == backend


ORDER = """
- name: shorter
  matches: [{path: {value: /match}}, {path: {type: Exact, value: /match/exact}}]
  extracted: v1
  stage: live
- name: longer
  matches: [{path: {value: /match/prefix}}, {path: {type: Exact, value: /match/exact/one}}]
  extracted: v2
  stage: live
- name: longest
  matches: [{path: {value: /match/prefix/one}}, {path: {value: "/"}}]
  extracted: v3
  stage: live
"""


@pytest.mark.parametrize(
    ("target", "backend"),
    [
        ("/match", "v1"),
        ("/match/any", "v1"),
        ("/match/exact", "v1"),
        ("/match/exact/one", "v2"),
        ("/match/exact/two", "v1"),
        ("/match/prefix", "v2"),
        ("/match/prefix/any", "v2"),
        ("/match/prefix/one/any", "v3"),
        ("/match/prefixed", "v1"),  # whole segments
        ("/matched", "v3"),
        ("/", "v3"),
    ],
)
def test_exact_before_the_longest_prefix(target: str, backend: str) -> None:
    assert backend_of(table(ORDER), request(target)) == backend


HEADERS = """
- name: one
  matches: [{headers: [{name: version, value: one}]}]
  extracted: v1
  stage: live
- name: two
  matches: [{headers: [{name: version, value: two}]}]
  extracted: v2
  stage: live
- name: both
  matches: [{headers: [{name: version, value: two}, {name: color, value: orange}]}]
  extracted: v1
  stage: live
- name: either
  matches: [{headers: [{name: color, value: blue}]}, {headers: [{name: color, value: green}]}]
  extracted: v1
  stage: live
- name: colours
  matches: [{headers: [{name: color, value: red}]}, {headers: [{name: color, value: yellow}]}]
  extracted: v2
  stage: live
"""


@pytest.mark.parametrize(
    ("headers", "backend"),
    [
        ({"Version": "one"}, "v1"),
        ({"VERSION": "two"}, "v2"),
        ({"version": "two", "color": "orange"}, "v1"),
        ({"version": "two", "color": "blue"}, "v2"),  # as many conditions: the first in the file
        ({"color": "blue"}, "v1"),
        ({"color": "green"}, "v1"),
        ({"color": "red"}, "v2"),
        ({"color": "yellow"}, "v2"),
        ({"color": "purple"}, "legacy"),
        ({"version": "ONE"}, "legacy"),
        ({}, "legacy"),
    ],
)
def test_headers_by_name_in_any_case_and_by_value_exactly(headers: dict[str, str], backend: str) -> None:
    assert backend_of(table(HEADERS), request("/", headers=headers)) == backend


METHODS = """
- {name: post, matches: [{method: POST}], extracted: v1, stage: live}
- {name: get, matches: [{method: GET}], extracted: v2, stage: live}
- name: header
  matches: [{headers: [{name: version, value: one}]}, {method: PATCH, path: {value: /path5}}]
  extracted: v3
  stage: live
- name: pair
  matches: [{path: {value: /path1}, method: GET}]
  extracted: v1
  stage: live
"""


@pytest.mark.parametrize(
    ("method", "target", "headers", "backend"),
    [
        ("POST", "/", {}, "v1"),
        ("GET", "/", {}, "v2"),
        ("HEAD", "/", {}, "legacy"),  # in the long form GET is GET alone
        ("GET", "/path1", {}, "v1"),
        ("GET", "/", {"version": "one"}, "v2"),  # a method counts for more than headers
        ("PUT", "/", {"version": "one"}, "v3"),
        ("PATCH", "/path5", {}, "v3"),
        ("PATCH", "/", {}, "legacy"),
    ],
)
def test_methods(method: str, target: str, headers: dict[str, str], backend: str) -> None:
    assert backend_of(table(METHODS), request(target, method=method, headers=headers)) == backend


QUERY = """
- {name: whale, matches: [{queryParams: [{name: animal, value: whale}]}], extracted: v1, stage: live}
- {name: dolphin, matches: [{queryParams: [{name: animal, value: dolphin}]}], extracted: v2, stage: live}
- name: both
  matches: [{queryParams: [{name: animal, value: dolphin}, {name: color, value: blue}]}]
  extracted: v3
  stage: live
- name: path
  matches: [{path: {value: /path1}, queryParams: [{name: animal, value: whale}]}]
  extracted: v2
  stage: live
"""


@pytest.mark.parametrize(
    ("target", "backend"),
    [
        ("/?animal=whale", "v1"),
        ("/?animal=dolphin", "v2"),
        ("/?animal=dolphin&color=blue", "v3"),
        ("/?color=blue&animal=dolphin", "v3"),
        ("/?animal=dolphin&color=red", "v2"),
        ("/path1?animal=whale", "v2"),
        ("/?animal=shark", "legacy"),
        ("/?Animal=whale", "legacy"),
        ("/", "legacy"),
    ],
)
def test_query_parameters_by_name_and_value_exactly(target: str, backend: str) -> None:
    assert backend_of(table(QUERY), request(target)) == backend


ACROSS = """
- name: part1
  matches:
    - {path: {value: "/"}, hosts: [example.com, example.net]}
    - {headers: [{name: version, value: one}], hosts: [example.com, example.net]}
  extracted: v1
  stage: live
- name: part2
  matches:
    - {path: {value: /v2}, hosts: [example.com]}
    - {headers: [{name: version, value: two}], hosts: [example.com]}
  extracted: v2
  stage: live
- {name: below, matches: [{hosts: ["*.example.com"]}], extracted: v3, stage: live}
"""


@pytest.mark.parametrize(
    ("host", "target", "version", "backend"),
    [
        ("example.com", "/", "", "v1"),
        ("example.com", "/example", "", "v1"),
        ("example.net", "/example", "", "v1"),
        ("example.com", "/example", "one", "v1"),
        ("example.com", "/v2", "", "v2"),
        ("example.com", "/v2/example", "", "v2"),
        ("example.com", "/", "two", "v2"),
        ("example.com", "/v2", "one", "v2"),  # the longer path counts for more than a header
        ("example.net", "/v2", "", "v1"),
        ("api.example.com", "/v2", "two", "v3"),
        ("a.b.example.com:8080", "/", "", "v3"),
        ("example.org", "/", "", "legacy"),
        ("notexample.com", "/", "", "legacy"),
    ],
)
def test_matches_of_several_routes_meet_by_precedence(host: str, target: str, version: str, backend: str) -> None:
    headers = {"version": version} if version else {}
    assert backend_of(table(ACROSS), request(target, host=host, headers=headers)) == backend
