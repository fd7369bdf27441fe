"""Many processes, one training: parallelism applied to a model from outside."""
