"""Pure. From the spec to what happens to one request: compiled table, stage decision, cohort, the head to send on."""
