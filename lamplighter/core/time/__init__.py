"""Windows, durations and calendars."""
