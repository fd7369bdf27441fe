"""FewCLUE: few-shot Chinese classification, five folds."""
