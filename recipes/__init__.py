"""Complete configurations as Python functions: how the weights in the package were made."""
