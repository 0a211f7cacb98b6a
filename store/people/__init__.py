"""What is kept about people: numbers, what was written, drafts, log-ins; personal data encrypted, erasable."""
