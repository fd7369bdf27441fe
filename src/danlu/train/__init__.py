"""The training loop, batches and the regression; knows no task."""
