"""Keeping a home: what lies in it and how large it is, what may go, back-up and restoration."""
