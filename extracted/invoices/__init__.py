"""Invoices, taken out of Tripe: retrieve and list. The PDF and everything that writes are still the monolith's.

    python -m extracted.invoices --port 8102 --database tripe.sqlite3

It reads the monolith's database file for now (see `extracted`). `BUILD` names the build (default `invoices-1.0.0`).
"""
