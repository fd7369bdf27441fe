"""Characters a token and tokens a second, beside two other schemes."""
