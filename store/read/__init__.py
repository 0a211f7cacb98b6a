"""What is asked of the store: pages of rows, worklists, exports."""
