"""The services taken out of Tripe so far: `charges` and `invoices`, each its own process, on the shared `chassis`.

    python -m extracted.charges  --port 8101 --database tripe.sqlite3
    python -m extracted.invoices --port 8102 --database tripe.sqlite3

They answer as the monolith does, from code of their own. What they still share with it is its database file: the usual
transitional architecture. Taking code and data out at once would mean moving the data before anything is proven, and
no quick way back; so first the code moves, both sides read the same rows and can be compared, and the data follows when
the routes are `live`. Until then the schema is the monolith's, and a service that needs it changed asks there.
"""
