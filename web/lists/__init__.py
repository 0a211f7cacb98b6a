"""The long lists that several pages show: their columns, their rows page after page, what is seen of the numbers."""
