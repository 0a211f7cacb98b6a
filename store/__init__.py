"""What is kept, in SQL and nothing else: schema, people, journal, what is read, what figures are counted from."""
