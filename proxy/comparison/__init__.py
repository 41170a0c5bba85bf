"""Pure. Two observations of one request and a route's rules in; match, ignored, mismatch or not_compared out."""

from proxy.comparison.content import decoded_body
from proxy.comparison.describe import describe
from proxy.comparison.findings import signature_of
from proxy.comparison.pair import byte_equal, compare
from proxy.comparison.rules import Rules, compile_rules, label
from proxy.comparison.saved import BadMessageError, parse_saved
from proxy.comparison.without import counted, without

__all__ = [
    "BadMessageError",
    "Rules",
    "byte_equal",
    "compare",
    "compile_rules",
    "counted",
    "decoded_body",
    "describe",
    "label",
    "parse_saved",
    "signature_of",
    "without",
]
