"""Reading rows, finding columns, finding duplicates; iterators, torch-free."""
