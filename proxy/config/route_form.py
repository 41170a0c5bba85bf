"""One route of routes.yaml as it is written: its matches, canary, shadow, comparison and gate.

The classes give the JSON Schema and docs/routes.md their text; values left out come from the dataclasses of
model/spec.py, the one table of defaults. Each class knows how to become its value of the spec.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator

from proxy.config.blocks import Form
from proxy.config.fields import (
    ComparedPath,
    Confidence,
    CookieName,
    Day,
    Duration,
    DurationOrZero,
    FieldPath,
    Flag,
    HeaderName,
    Host,
    Method,
    Name,
    Network,
    Number,
    Pattern,
    Percent,
    Rate,
    Ratio,
    Redacted,
    StageWord,
    Text,
    bad,
    default,
    pattern,
    percent,
    rate,
    seconds,
    words,
)
from proxy.config.filter_form import FiltersForm, TimeoutsForm
from proxy.config.paths import check_path, short_form
from proxy.config.resilience_form import RetryForm
from proxy.model import spec
from proxy.model.field_path import Wild, parse_path
from proxy.model.sides import Stage
from proxy.model.spec import PathType, PersonKind, ValueType

_ROUTE = spec.Route(name="", matches=(), extracted="")
_CANARY, _SHADOW, _COMPARE, _GATE = spec.Canary(), spec.Shadow(), spec.Compare(), spec.Gate()


class PathForm(Form):
    """How the path of a request must look."""

    type: Annotated[str, *words(*(kind.value for kind in PathType), kind="path type")] = default(
        PathType.PREFIX.value,
        "`Exact`; `PathPrefix`, by whole segments; `Template`, where `{name}` is one segment; or `RegularExpression`, "
        "RE2, which must match the whole path.",
    )
    value: Text = Field(description="The path, in the form that `type` names.")

    @field_validator("value")
    @classmethod
    def _fits_type(cls, value: str, info: ValidationInfo) -> str:
        return check_path(PathType(info.data["type"]), value) if "type" in info.data else value


class ValueForm(Form):
    """A condition on one header or query parameter."""

    name: Text = Field(description="Its name. Header names match in any case, query parameters exactly.")
    value: Text = Field(description="The value it must have.")
    type: Annotated[str, *words(*(kind.value for kind in ValueType), kind="value type")] = default(
        ValueType.EXACT.value, "`Exact`, or `RegularExpression`: RE2, which must match the whole value."
    )

    @model_validator(mode="after")
    def _compiles(self) -> ValueForm:
        if self.type == ValueType.REGEX:
            pattern(self.value)
        return self

    def spec(self) -> spec.ValueMatch:
        return spec.ValueMatch(self.name, self.value, ValueType(self.type))


class MatchForm(Form):
    """One way to belong to a route. All conditions of one match hold together."""

    path: PathForm = default(PathForm(value="/"), "The path; every path when left out.")
    method: tuple[Method, ...] = default((), "A method or a list of them, exactly as named; any method when left out.")
    hosts: tuple[Host, ...] = default((), "Host names without port; `*.example.com` is every name below example.com.")
    headers: tuple[ValueForm, ...] = default((), "Headers that the request must have, all of them.")
    query: tuple[ValueForm, ...] = Field(
        default=(), alias="queryParams", description="Query parameters that the request must have, all of them."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: object) -> object:
        return short_form(given) if isinstance(given, str) else given

    @field_validator("method", mode="before")
    @classmethod
    def _one(cls, given: object) -> object:
        return [given] if isinstance(given, str) else given

    def spec(self) -> spec.Match:
        return spec.Match(
            path=self.path.value,
            path_type=PathType(self.path.type),
            methods=frozenset(self.method),
            hosts=self.hosts,
            headers=tuple(condition.spec() for condition in self.headers),
            query=tuple(condition.spec() for condition in self.query),
        )


class KeyForm(Form):
    """What makes a client the same client again. One of these; `key: client_ip` for the address."""

    cookie: CookieName | None = default(None, "The name of a cookie.")
    header: HeaderName | None = default(None, "The name of a header.")
    query: Text | None = default(None, "The name of a query parameter.")
    client_ip: Flag | None = default(None, "`true`: the client's address.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: object) -> object:
        return {"client_ip": "true"} if given == "client_ip" else given

    @model_validator(mode="after")
    def _one(self) -> KeyForm:
        named = [kind for kind in PersonKind if getattr(self, kind)]
        if len(named) != 1 or len(self.model_fields_set) != 1:
            raise bad("must name one of cookie, header, query, client_ip", "For example `key: {cookie: session}`.")
        return self

    def spec(self) -> spec.CohortKey:
        kind = next(kind for kind in PersonKind if getattr(self, kind))
        return spec.CohortKey(kind, "" if kind is PersonKind.CLIENT_IP else getattr(self, kind))


class PersonForm(Form):
    """Somebody, by one condition: `{cookie: {name: value}}`, `{header: {X-Staff: "1"}}`, `{client_ip: 10.0.0.0/8}`."""

    cookie: dict[str, Text] | None = default(None, "A cookie's name and value.")
    header: dict[str, Text] | None = default(None, "A header's name and value.")
    query: dict[str, Text] | None = default(None, "A query parameter's name and value.")
    client_ip: Network | None = default(None, "An address or network.")

    @model_validator(mode="after")
    def _one(self) -> PersonForm:
        named = [value for kind in PersonKind if (value := getattr(self, kind)) is not None]
        if len(named) != 1 or (isinstance(named[0], dict) and len(named[0]) != 1):
            remedy = 'For example `{header: {X-Staff: "1"}}`; name several people as several items.'
            raise bad("must hold exactly one condition", remedy)
        return self

    def spec(self) -> spec.Person:
        kind = next(kind for kind in PersonKind if getattr(self, kind) is not None)
        found = getattr(self, kind)
        name, content = ("", found) if isinstance(found, str) else next(iter(found.items()))
        return spec.Person(kind, name, content)


class CanaryForm(Form):
    """Who is answered by the extracted side in stage `canary`. Sticky: raising the percent moves nobody back."""

    percent: Percent = percent(_CANARY.percent, "The share of clients.")
    key: KeyForm = Field(
        default=KeyForm(client_ip="true"),  # type: ignore[arg-type]  # text, as in the file
        description="What makes a client the same client again: `{cookie: name}`, `{header: name}`, `{query: name}` or "
        "`client_ip`. A request without it is answered by legacy.",
        json_schema_extra={"default": "client_ip"},
    )
    include: tuple[PersonForm, ...] = default((), "People who are always in: staff first.")
    exclude: tuple[PersonForm, ...] = default((), "People who are never in. Exclude wins over include.")

    def spec(self) -> spec.Canary:
        people = (tuple(person.spec() for person in group) for group in (self.include, self.exclude))
        return spec.Canary(self.percent, self.key.spec(), *people)


class ShadowForm(Form):
    """Which requests the other side gets a copy of. The client never waits for a copy, nor sees its answer."""

    percent: Percent = percent(_SHADOW.percent, "The share of requests, chosen anew for each request.")
    methods: tuple[Method, ...] = default(
        tuple(sorted(_SHADOW.methods)),
        "The methods that are copied. A write needs `shadow_writes` at the extracted backend.",
    )
    reverse: Flag = default(
        _SHADOW.reverse,
        "In `canary` and `live`, legacy gets a copy of the safe requests that the extracted side answered.",
    )

    def spec(self) -> spec.Shadow:
        return spec.Shadow(self.percent, frozenset(self.methods), self.reverse)


class RuleForm(Form):
    """What every comparison rule says."""

    path: FieldPath = Field(
        description="The field, exactly: `$.data[*].fee`; `['odd name']`, `[*]` and `.*` are allowed."
    )
    owner: Text | None = default(None, "Who answers for this rule.")
    until: Day | None = default(None, "The day after which `strangler check` warns of it.")

    def spec(self, kind: str) -> spec.Rule:
        rest = self.model_dump()
        return spec.Rule(kind, absolute=rest.pop("abs", None), relative=rest.pop("rel", None), **rest)


class ValueRuleForm(RuleForm):
    """A rule for a value, which may as well be that of a header."""

    path: ComparedPath = Field(
        description="The field, exactly: `$.data[*].fee`; `['odd name']`, `[*]` and `.*` are allowed. Or a header that"
        " is compared: `header:etag`."
    )


class OnlyForm(RuleForm):
    """A part of the body that is compared, with all it holds; what no `only` names is not."""


class IgnoreForm(ValueRuleForm):
    """A field whose value may differ. Whether it is there, and its type, are still compared."""


class PatternForm(ValueRuleForm):
    """A text or number that may differ as long as both sides fit the pattern."""

    pattern: Pattern = Field(description='RE2, which must match the whole value: `"ch_[0-9a-f]{8}"`.')


class ToleranceForm(ValueRuleForm):
    """A number or time that may differ a little. Within any of the bounds is close enough."""

    abs: Number | None = default(None, "By at most so much.")
    rel: Rate | None = default(None, "By at most this percent of the larger of the two: `1%`.")
    within: Duration | None = default(
        None,
        "Times, by at most so long: seconds or milliseconds since 1970, ISO 8601, dates of HTTP. Offsets are"
        " understood; both sides must write the time in the same way.",
    )

    @model_validator(mode="after")
    def _bounded(self) -> ToleranceForm:
        if self.abs is None and self.rel is None and self.within is None:
            raise bad("names no bound", "Add `abs: 0.01` or `rel: 1%`; for times, `within: 2s`.")
        return self


class UnorderedForm(RuleForm):
    """A list whose order means nothing."""

    key: Text | None = default(
        None, "The field that names an element, so that equal ones are compared with each other."
    )


class NullIsMissingForm(RuleForm):
    """A field that may be null on one side and absent on the other."""

    @field_validator("path")
    @classmethod
    def _of_member(cls, path: str) -> str:
        if parse_path(path)[-1:] in ((), (Wild.ELEMENT,)):
            raise bad("names no field that could be missing", "End with the name of a field: `$.data[*].note`.")
        return path


class AnyCaseForm(ValueRuleForm):
    """A text that may differ in upper and lower case."""


class RenamedForm(ValueRuleForm):
    """Ids that each side makes for itself. One renaming, one-to-one, must explain all of them in an answer together;
    an id may be a word of a longer text, as in a URL."""


class CompareForm(Form):
    """When two answers count as equal. The status always counts. [How answers are compared](comparison.md#rules) shows
    every kind of rule by example."""

    only: tuple[OnlyForm, ...] = default((), "The parts of the body that are compared; all when left out.")
    ignore: tuple[IgnoreForm, ...] = default((), "Fields whose value may differ.")
    pattern: tuple[PatternForm, ...] = default((), "Fields that may differ as long as both sides fit a pattern.")
    tolerance: tuple[ToleranceForm, ...] = default((), "Numbers and times that may differ a little.")
    unordered: tuple[UnorderedForm, ...] = default((), "Lists whose order means nothing.")
    null_is_missing: tuple[NullIsMissingForm, ...] = default((), "Fields that may be null here and absent there.")
    any_case: tuple[AnyCaseForm, ...] = default((), "Texts that may differ in upper and lower case.")
    renamed: tuple[RenamedForm, ...] = default((), "Ids that each side makes for itself.")
    headers: tuple[HeaderName, ...] = default(_COMPARE.headers, "The answer headers that are compared.")

    def rules(self) -> Iterator[tuple[str, int, RuleForm]]:
        """Every rule with its kind and its number there."""
        for kind in spec.RULE_KINDS:
            for number, rule in enumerate(getattr(self, kind)):
                yield kind, number, rule

    def spec(self) -> spec.Compare:
        rules = tuple(rule.spec(kind) for kind, _, rule in self.rules())
        return spec.Compare(rules, tuple(dict.fromkeys(name.lower() for name in self.headers)))


class GateForm(Form):
    """What a route must show before it may move on."""

    mismatch_below: Rate = rate(_GATE.mismatch_below, "The tolerated share of requests whose answers differ.")
    confidence: Confidence = rate(_GATE.confidence, "How sure the verdict is, however often it is looked at.")
    min_duration: DurationOrZero = seconds(_GATE.min_duration, "The time that evidence must span.")
    error_increase_below: Rate = rate(
        _GATE.error_increase_below, "The tolerated share of requests where only the extracted side fails."
    )
    p95_ratio_below: Ratio = default(_GATE.p95_ratio_below, "How many times legacy's p95 latency is tolerated.")

    def spec(self) -> spec.Gate:
        return spec.Gate(**dict(self))


class RouteForm(Form):
    """A named set of matches with one extracted backend and one stage."""

    name: Name = Field(description="Unique; the label in metrics, logs and evidence.")
    match: MatchForm | None = default(
        None, "Which requests: the short form `GET /v1/charges/{id}`, or one match in the long form. Or `matches`."
    )
    matches: tuple[MatchForm, ...] | None = default(
        None, "Several matches; a request that fits one belongs to the route."
    )
    extracted: Name = Field(description="The backend that takes the route over.")
    stage: StageWord = default(
        _ROUTE.stage.value,
        "How far the route has moved: `legacy`, `shadow` (the extracted side gets copies), `canary` (it answers a share"
        " of the clients), `live` (it answers all), `retired` (legacy is never called).",
    )
    canary: CanaryForm = default(CanaryForm(), "Who is answered by the extracted side in stage `canary`.")
    shadow: ShadowForm = default(ShadowForm(), "Which requests are copied.")
    compare: CompareForm = default(CompareForm(), "When two answers count as equal.")
    gate: GateForm = default(GateForm(), "What the route must show before it may move on.")
    filters: FiltersForm = default(FiltersForm(), "What is changed in its requests and answers.")
    timeouts: TimeoutsForm = default(TimeoutsForm(), "How long it may take.")
    retry: RetryForm | None = default(None, "When a backend that failed is asked once more.")
    fallback: Annotated[str, *words("legacy", "none", kind="fallback")] = default(
        "legacy" if _ROUTE.fallback else "none",
        "Who answers when the extracted side fails before its answer starts and the request may be sent again.",
    )
    owns_data: Flag = default(
        _ROUTE.owns_data,
        "The extracted side has written what legacy does not have: rollback asks first, halt skips the route.",
    )
    names_only: Flag = default(
        _ROUTE.names_only,
        "Of what differs only names and kinds are stored, never a value, a body or a query: for routes whose answers "
        "must not be kept at all. The path of a request is kept as the template of its match.",
    )
    group: Name | None = default(
        None, "Routes with the same group move together: one cohort, and promote and rollback take all of them."
    )
    pin_after_write: Duration | None = default(
        _ROUTE.pin_after_write,
        "After an unsafe method was answered by one side, the same client (by `canary.key`) reads from that side for "
        "so long, in all routes of the group that say it too; at most `1h`. None when left out.",
    )
    redact: tuple[Redacted, ...] = default(
        (), "Fields (`$.card.number`), headers (`header:X-Secret`) and query parameters (`query:token`) never stored."
    )

    def spec(self, mark: spec.Mark) -> spec.Route:
        matches = [self.match] if self.match is not None else self.matches or ()
        return spec.Route(
            name=self.name,
            matches=tuple(match.spec() for match in matches),
            extracted=self.extracted,
            stage=Stage(self.stage),
            canary=self.canary.spec(),
            shadow=self.shadow.spec(),
            compare=self.compare.spec(),
            gate=self.gate.spec(),
            filters=self.filters.spec(),
            timeouts=self.timeouts.spec(),
            retry=self.retry.spec() if self.retry else None,
            fallback=self.fallback == "legacy",
            owns_data=self.owns_data,
            names_only=self.names_only,
            group=self.group or "",
            pin_after_write=self.pin_after_write,
            redact=self.redact,
            mark=mark,
        )
