"""Running base models: texts continued, texts scored."""
