"""Is the mismatch rate below what is tolerated? Tests that stay valid however often they are looked at.

`pass_value` is an e-value: a bet against "the rate is eps or more" that starts at 1 and multiplies with every
comparison. While that claim is true the product is a supermartingale, so by Ville's inequality it *ever* reaches
1/alpha with probability alpha at most: one may look after every comparison and stop when one likes. (A fixed-size
test, or a Clopper-Pearson bound, looked at again and again passes a route at the tolerated rate one time in four.)
The bet is a mixture over four rates below eps, because a single one has a dead zone between itself and eps.

`fail_value` is the same bet against "the rate is eps or less", with alternatives above eps. It is not 1/pass_value:
that is no test and fails nearly every healthy route in the end. Its weights fall with the distance: a service that is
wholly broken is found within dozens of comparisons by any of them, one at twice the tolerated rate needs most of the
stake near eps (with equal weights 94.2 % of those fail by 2,600 comparisons, with these 95.3 %).

`interval` asks both questions of every rate at once: those that neither bet has refuted are the interval. So it is
never at odds with the verdict, and it too holds at all times together, not at one.

`increase_pass_value` and `increase_fail_value` are the same two bets for the difference of two rates, where a pair
holds two exchanges that have nothing to do with each other: X is 1 when only the extracted side failed, -1 when only
legacy did, else 0, and the claim is that its mean is eps or more (or less). A bet of l on each pair multiplies the
stake by 1 + l * (eps - X). For pairs in which legacy never fails alone that is the bet above to the letter, with
q = eps - l * eps * (1 - eps). The alternatives of `fail` are cut so that no single pair can take the whole stake.

Trials must be distinct requests: a repeat is not new evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, log, log1p

_BELOW = ((0.01, 0.4), (0.1, 0.3), (0.3, 0.2), (0.6, 0.1))  # q/eps, weight
_ABOVE = ((1.5, 0.2), (2.0, 0.2), (3.0, 0.2), (5.0, 0.2), (10.0, 0.1), (30.0, 0.05), (80.0, 0.05))
_TINY = 1e-9  # rates below it are not told apart


def pass_value(n: int, k: int, eps: float) -> float:
    """Evidence after `k` mismatches in `n` comparisons that the rate is below `eps` (0 < eps < 1); inf when huge."""
    return _exp(_log_pass(n, k, eps))


def fail_value(n: int, k: int, eps: float) -> float:
    """Evidence after `k` mismatches in `n` comparisons that the rate is above `eps` (0 < eps < 1); inf when huge."""
    return _exp(_log_fail(n, k, eps))


def increase_pass_value(n: int, worse: int, better: int, eps: float) -> float:
    """Evidence that failures increase by less than `eps`, after `n` pairs: `worse` in which the extracted side failed
    alone, `better` in which legacy did."""
    return _exp(_log_pass(n, worse, eps, better))


def increase_fail_value(n: int, worse: int, better: int, eps: float) -> float:
    """Evidence that failures increase by more than `eps`."""
    most = eps + 0.9 * eps * (1 - eps) / (1 + eps)
    return _exp(_log_mixture(n, worse, eps, [(min(ratio * eps, most), weight) for ratio, weight in _ABOVE], better))


def interval(n: int, k: int, alpha: float) -> tuple[float, float]:
    """The rates that `k` mismatches in `n` comparisons leave possible, (lowest, highest). The chance that it *ever*
    misses the true rate, at whatever n, is `alpha` at most (half of it on each side).

    Of an assumed rate p0, pass_value grows with p0 and fail_value falls with it (each of their terms does), so each end
    is found by halving."""
    goal = log(2 / alpha)
    lowest = 0.0 if _log_fail(n, k, _TINY) < goal else _edge(lambda rate: _log_fail(n, k, rate) >= goal)[0]
    highest = 1.0 if _log_pass(n, k, 1 - _TINY) < goal else _edge(lambda rate: _log_pass(n, k, rate) < goal)[1]
    return lowest, highest


def clean_needed(n: int, k: int, eps: float, alpha: float, better: int = 0) -> int:
    """How many more comparisons, all of them clean, make `pass_value` (or `increase_pass_value`) reach 1/alpha; 0 when
    it is reached."""
    goal = -log(alpha)
    if _log_pass(n, k, eps, better) >= goal:
        return 0
    high = 1
    while _log_pass(n + high, k, eps, better) < goal:  # grows with every clean one, without bound
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if _log_pass(n + middle, k, eps, better) < goal:
            low = middle
        else:
            high = middle
    return high


def alpha_for(build_ordinal: int, alpha: float) -> float:
    """What the `build_ordinal`-th build of a route (from 1) may spend: alpha/(i(i+1)), which sums to alpha over all
    builds to come, so that trying builds until one passes by luck does not work."""
    return alpha / (build_ordinal * (build_ordinal + 1))


def _log_pass(n: int, k: int, eps: float, better: int = 0) -> float:
    return _log_mixture(n, k, eps, [(ratio * eps, weight) for ratio, weight in _BELOW], better)


def _log_fail(n: int, k: int, eps: float) -> float:
    cap = 1 - (1 - eps) / 100  # an alternative stays below 1, or one match would refute it for good
    return _log_mixture(n, k, eps, [(min(ratio * eps, cap), weight) for ratio, weight in _ABOVE])


def _edge(is_below: Callable[[float], bool]) -> tuple[float, float]:
    """The rate up to which `is_below` holds, to a millionth of itself: just below and just above."""
    low, high = log(_TINY), log1p(-_TINY)
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(exp(middle)) else (low, middle)
    return exp(low), exp(high)


def _log_mixture(n: int, k: int, eps: float, rates: list[tuple[float, float]], better: int = 0) -> float:
    """log sum_j w_j ((1-q_j)/(1-eps))^(n-k) (q_j/eps)^k, without over- or underflow. For `better` of the n, X is -1."""
    stay = log1p(-eps)
    terms = [log(weight) + (n - k - better) * (log1p(-rate) - stay) + k * log(rate / eps) for rate, weight in rates]
    if better:
        stakes = [(eps - rate) / (eps * (1 - eps)) for rate, _ in rates]
        terms = [term + better * log1p(stake * (1 + eps)) for term, stake in zip(terms, stakes, strict=True)]
    largest = max(terms)
    return largest + log(sum(exp(term - largest) for term in terms))


def _exp(logarithm: float) -> float:
    return exp(logarithm) if logarithm < 700 else inf
