"""How much offerings were used."""
