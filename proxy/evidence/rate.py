"""Is the mismatch rate below what is tolerated? Tests that stay valid however often they are looked at.

`pass_value` is an e-value: a bet against "the rate is eps or more" that starts at 1 and multiplies with every
comparison. While that claim is true the product is a supermartingale, so by Ville's inequality it *ever* reaches
1/alpha with probability alpha at most: one may look after every comparison and stop when one likes. (A fixed-size
test, or a Clopper-Pearson bound, looked at again and again passes a route at the tolerated rate one time in four.)
The bet is a mixture over four rates below eps, because a single one has a dead zone between itself and eps.

`fail_value` is the same bet against "the rate is eps or less", with alternatives above eps. It is not 1/pass_value:
that is no test and fails nearly every healthy route in the end.

Trials must be distinct requests: a repeat is not new evidence.
"""

from __future__ import annotations

from math import exp, inf, log, log1p

_BELOW = ((0.01, 0.4), (0.1, 0.3), (0.3, 0.2), (0.6, 0.1))  # q/eps, weight
_ABOVE = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 80.0)  # q/eps, equal weights


def pass_value(n: int, k: int, eps: float) -> float:
    """Evidence after `k` mismatches in `n` comparisons that the rate is below `eps` (0 < eps < 1); inf when huge."""
    return _exp(_log_pass(n, k, eps))


def fail_value(n: int, k: int, eps: float) -> float:
    """Evidence after `k` mismatches in `n` comparisons that the rate is above `eps` (0 < eps < 1); inf when huge."""
    cap = 1 - (1 - eps) / 100  # an alternative stays below 1, or one match would refute it for good
    return _exp(_log_mixture(n, k, eps, [(min(ratio * eps, cap), 1 / len(_ABOVE)) for ratio in _ABOVE]))


def clean_needed(n: int, k: int, eps: float, alpha: float) -> int:
    """How many more comparisons, all of them clean, make `pass_value` reach 1/alpha; 0 when it is reached."""
    goal = -log(alpha)
    if _log_pass(n, k, eps) >= goal:
        return 0
    high = 1
    while _log_pass(n + high, k, eps) < goal:  # grows with every clean one, without bound
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if _log_pass(n + middle, k, eps) < goal:
            low = middle
        else:
            high = middle
    return high


def alpha_for(build_ordinal: int, alpha: float) -> float:
    """What the `build_ordinal`-th build of a route (from 1) may spend: alpha/(i(i+1)), which sums to alpha over all
    builds to come, so that trying builds until one passes by luck does not work."""
    return alpha / (build_ordinal * (build_ordinal + 1))


def _log_pass(n: int, k: int, eps: float) -> float:
    return _log_mixture(n, k, eps, [(ratio * eps, weight) for ratio, weight in _BELOW])


def _log_mixture(n: int, k: int, eps: float, rates: list[tuple[float, float]]) -> float:
    """log sum_j w_j ((1-q_j)/(1-eps))^(n-k) (q_j/eps)^k, without over- or underflow."""
    stay = log1p(-eps)
    terms = [log(weight) + (n - k) * (log1p(-rate) - stay) + k * log(rate / eps) for rate, weight in rates]
    largest = max(terms)
    return largest + log(sum(exp(term - largest) for term in terms))


def _exp(logarithm: float) -> float:
    return exp(logarithm) if logarithm < 700 else inf
