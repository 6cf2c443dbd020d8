"""`python -m app` is `booking`."""

from app.cli import main

main()
