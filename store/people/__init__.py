"""Stored data of people: numbers, notes, drafts, log-ins; personal data encrypted, erasable."""
