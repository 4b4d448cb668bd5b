"""Comes with its page."""
