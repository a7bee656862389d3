"""Tests that hold for every connector.

A new platform gets them for one class: an `adapter.Shop` that says how its stand-in is worked, listed in `shops.SHOPS`.
"""
