"""The corpus: labelled pairs of answers, and how much of what is wrong in them the detector finds.

`python -m bench.corpus`. Real answers of two applications; noise drawn afresh at every asking, as real servers do it;
and one thing wrong in some of the extracted side's answers, of which the corpus knows where. The comparison, the noise
detector and the ledger are the real ones; clock, traffic and budgets are virtual and as in production.

The kinds are in two parts. Those of `TUNING` are for whoever works on the detector. Those of `HELD_OUT`, the
`reported_` modules, were written later, by somebody who had not read the detector or its figures; `--held-out` runs
them, and what they say is reported apart. The kinds of `TUNING` were thought up, from what goes wrong in migrations.
Those of the held-out part are a sample of public reports of other projects, taken by queries that were fixed before,
the first three of each that say what differs in an answer. Once somebody who works on the detector has looked at the
held-out part it is spent: then its kinds belong to `TUNING`, and others have to be written.
"""
