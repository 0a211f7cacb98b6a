"""Counting of figures, and the rows behind them."""
