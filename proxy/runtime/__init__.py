"""Edge. The composition roots of the three kinds of process, and the link between them."""
