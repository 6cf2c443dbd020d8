"""An invented world, to try the service with."""
