"""The list of what proxies break, row by row, as cases that run against any proxy.

`table.py` writes docs/transparency.md.
"""
