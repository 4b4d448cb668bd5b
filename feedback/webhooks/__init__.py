"""Telling systems elsewhere what happens to cases: who is told of what, what is told, and what became of it."""
