"""The benchmark: this proxy beside nginx, HAProxy, Envoy and a naive proxy, on one core, in one interleaved run.

`python -m bench` runs it all; README.md says what the figures mean and what they do not say. Nothing here is part of
the toolkit.
"""
