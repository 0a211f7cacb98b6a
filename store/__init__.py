"""The store, SQL and nothing else: schema, people, journal, read models, figures."""
