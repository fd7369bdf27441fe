"""danlu beside SetFit."""
