"""The telephone engines there are: each is one object that knows all the hotline around it must do for it."""
