"""Pure. The nouns of the toolkit: plain values, standard library only, no behaviour beyond reading themselves."""
