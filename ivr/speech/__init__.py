"""Free text as it is said: what people write into settings and phrases, made ready for any voice."""
