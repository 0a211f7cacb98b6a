"""What is done to what is kept: deleted by rule, sealed anew, looked through for what should not stand there."""
