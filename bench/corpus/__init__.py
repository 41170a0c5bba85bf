"""The corpus: labelled pairs of answers, and how much of what is wrong in them the detector finds.

`python -m bench.corpus`. Real answers of two applications; noise drawn afresh at every asking, as real servers do it;
and one thing wrong in some of the extracted side's answers, of which the corpus knows where. The comparison, the noise
detector and the ledger are the real ones; clock, traffic and budgets are virtual and as in production.

Two thirds of the kinds (`tuning`) are for whoever works on the detector. The others are held out: a hash of a kind's
name decides, `--held-out` runs them, and what they say is reported apart. The kinds are written from what goes wrong in
migrations, without knowledge of how the detector works.
"""
