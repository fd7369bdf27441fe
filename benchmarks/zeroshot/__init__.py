"""FewCLUE without a single example."""
