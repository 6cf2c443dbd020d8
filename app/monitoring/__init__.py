"""What those ask who watch over the service: whether it lives and can serve, and what Prometheus collects."""
