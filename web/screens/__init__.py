"""One module, one blueprint, one screen."""
