"""What operators do from the terminal: accounts, load and dump, import, demo."""
