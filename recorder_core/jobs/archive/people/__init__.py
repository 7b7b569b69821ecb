"""Users, their keys, and what is given to them."""
