"""Calls the hotline places: to an operator first, then to a citizen who is owed an answer (CBK, A2.13, B12).

``numbers``  what may be dialled at all (allow-list, never an emergency number)
``allow``    whether this callback may be called now, by this operator
``call``     the call as a pure machine
``placing``  carries it out, one transaction per turn, like ``ivr.conductor`` does for calls that come in
``tones``    what the operator hears meanwhile
"""
