"""The queue 排队: who waits for a person, in which order, how long; decided here, kept by ``store/journal/queue.py``.

    snapshot -> assign -> offer     # order.py decides, keeper.py offers, the machine rings (ivr/call/steps/queue.py)

Callers are served first come, first served for each window (STF-14). A bonus 绿色通道 (STF-8) counts as time that was
waited already; it is bounded, so nobody starves. Places are rows with an owner and a lease: several processes share
one queue, and a place outlives the process that gave it.
"""
