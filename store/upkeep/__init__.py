"""Maintenance of stored data: delete by rule, seal with new keys, remove numbers that should not be there."""
