"""Who is signed in, and what of the catalog can be believed."""
