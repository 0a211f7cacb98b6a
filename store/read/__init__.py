"""Read models: pages of rows, worklists, exports."""
