"""Charges, taken out of Tripe: retrieve, list, and create.

    python -m extracted.charges --port 8101 --database tripe.sqlite3

It reads and writes the monolith's database file for now (see `extracted`). A create that carries the shadow mark is
answered but not stored; without the mark it is stored as the monolith would, event and idempotency key included.

Two environment variables make it play its own history. `BUILD` names the build (default `charges-1.0.0`), which every
answer carries in `X-Build`. `CHARGES_BUG=rounding` is the first build that was ever deployed (`BUILD` then defaults to
`charges-0.9.0`): it rounds each fee line before summing instead of the sum, so `fee` is off by one or two on three
charges in ten, and it leaves out `receipt_email` where it is null, on three in ten as well.
"""
