"""Real processes on loopback, and what goes wrong around them, counted."""
