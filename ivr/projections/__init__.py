"""What the journal means: each fact's change of the derived rows (pure)."""
