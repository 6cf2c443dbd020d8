"""Images of offerings and icons of their kinds."""
