"""Pure. Comparisons counted behind a watermark, the verdict that the counts allow, what is kept and what is hidden."""

from proxy.evidence.coverage import Coverage, uncopied, uncovered
from proxy.evidence.exemplars import curl_line, keep_slot
from proxy.evidence.ledger import OTHER, SIGNATURES, Ledger, Written
from proxy.evidence.names_only import names_of_differences, names_of_observation, names_of_request
from proxy.evidence.noise import ROUNDS, Noise, Stood
from proxy.evidence.rate import alpha_for, clean_needed, fail_value, interval, pass_value
from proxy.evidence.redact import redact_differences, redact_observation, redact_request, redact_target
from proxy.evidence.replay import Replayed, replayed, unfit
from proxy.evidence.shares import Fared
from proxy.evidence.suggest import Suggestion, suggest
from proxy.evidence.verdict import Standing, judge

__all__ = [
    "OTHER",
    "ROUNDS",
    "SIGNATURES",
    "Coverage",
    "Fared",
    "Ledger",
    "Noise",
    "Replayed",
    "Standing",
    "Stood",
    "Suggestion",
    "Written",
    "alpha_for",
    "clean_needed",
    "curl_line",
    "fail_value",
    "interval",
    "judge",
    "keep_slot",
    "names_of_differences",
    "names_of_observation",
    "names_of_request",
    "pass_value",
    "redact_differences",
    "redact_observation",
    "redact_request",
    "redact_target",
    "replayed",
    "suggest",
    "uncopied",
    "uncovered",
    "unfit",
]
