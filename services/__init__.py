"""Who acts: work on cases, callbacks, outage notices, identities, accounts, reports, retention, the sweeper's jobs."""
