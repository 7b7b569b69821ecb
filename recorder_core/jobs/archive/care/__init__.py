"""Mirror, backup, restore, audit: what keeps an archive whole."""
