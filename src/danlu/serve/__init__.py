"""A trained model over HTTP: queue, limits, endpoints and two web pages."""
