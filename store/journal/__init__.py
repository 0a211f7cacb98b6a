"""The journal and what is written together with it: one transaction a turn, the derived rows, the calls that are up."""
