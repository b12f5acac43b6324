"""Checks judged, incidents opened and closed, and their messages."""
