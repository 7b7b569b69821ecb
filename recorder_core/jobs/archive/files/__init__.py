"""The sealed files of an event: stored, left over, led elsewhere by links."""
