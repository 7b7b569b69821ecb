"""The recovery key and the statements that vouch for keys."""
