"""De-identified copies: added, reviewed, released, exported."""
