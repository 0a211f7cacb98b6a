"""What figures are counted from, and the rows behind them."""
