"""What happens to an event, from its recording to its deletion."""
