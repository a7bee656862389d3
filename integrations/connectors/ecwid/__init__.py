"""Ecwid: one store, by a token of its own custom app or through the operator's app."""
