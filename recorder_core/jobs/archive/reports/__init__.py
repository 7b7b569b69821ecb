"""The PDF report of an event."""
