"""Corner Till, which nobody sells: a third platform, to show that adding one is one folder and one registry line.

It is unlike Wix and Ecwid wherever the design could have leaned on them: numbers for ids, a list walked by page
numbers, times of its own zone, money in cents and pieces in words, a pass in the query that is renewed by a token which
changes each time, a PIN that pairs once, tracking on each parcel, stock by code and place whose answer comes later. It
announces nothing, and tells nobody what it sells.
"""
