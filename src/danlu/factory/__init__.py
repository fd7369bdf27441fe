"""From rows to a model file: one role a file, their order in produce."""
