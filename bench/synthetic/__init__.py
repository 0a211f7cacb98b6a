"""A hotline's year, made up: for tests and measurements at size. Nobody in it exists.

    plan = Plan(first=date(2026, 1, 1), days=365, calls=1_000_000, cases=100_000, seed=1)
    fill(engine, keys, plan, rules, spoken_number)

Everything is told as facts of the journal and decided by the real rules (due dates, life of a case, attempts to
call back), so the rows are what a hotline would have written. The same plan always gives the same rows; only
nonces and keys of encrypted fields are fresh.
"""
