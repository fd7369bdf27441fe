"""Model in, smaller model out: distillation, vocabulary, export, quantisation."""
