"""The story of one migration, played with real processes: Tripe's charges leave the monolith under live traffic.

    make demo                until Ctrl-C
    make demo SECONDS=40     ends by itself; exit code 0 if the story held, 1 if not

Nothing is staged. The proxy is started by its command line and steered by an edited file, its commands and its admin
API; the clients check every answer for themselves; each step of the story waits for what it tells of to be observed,
and every figure of the closing report is counted from what happened. What is made lies in `.demo/`.
"""
