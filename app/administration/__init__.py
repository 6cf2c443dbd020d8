"""Routes by which organisations, projects, kinds and offerings are created, and offerings are put up and withdrawn."""
