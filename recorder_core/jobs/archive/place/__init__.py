"""Where an archive lies: its folders, their catalogs and locks."""
