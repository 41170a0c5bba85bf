"""Tripe: a payment processor, all of it in one aiohttp process on one SQLite file. The monolith of the sample world.

It plays a system that has grown for ten years, so that moving routes out of it is as awkward as in life: its answers
carry a fresh `request_id` and `served_at`, so no two are equal byte for byte; some lists (`tags`, `payment_methods`,
invoice `lines`) come in no particular order; it gzips when asked, redirects old paths, sets several cookies at once,
and mixes a REST API under `/v1` with HTML pages under `/merchant`, a PDF, a CSV export that streams, a live event feed
(SSE) and a WebSocket.

    python -m legacy_monolith --port 8001 --database tripe.sqlite3

On first start it writes its schema and repeatable sample data (2,000 customers, 20,000 charges, 5,000 invoices,
refunds). `--port 0` takes a free port; the one line on stdout, `listening on http://HOST:PORT`, says which. All else
it has to say goes to stderr. SIGTERM lets the requests in hand finish, ends the live streams and exits 0.

Every option is also an environment variable: TRIPE_HOST, TRIPE_PORT, TRIPE_DATABASE, TRIPE_SEED_SCALE.
Nothing here is imported by the services in `extracted/`: they share its database file, not its code.
"""
