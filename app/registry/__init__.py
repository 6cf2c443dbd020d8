"""How organisations, projects, kinds, offerings and roles of users are written; whether one may is not asked here."""
