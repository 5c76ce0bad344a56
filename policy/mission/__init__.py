"""A mission's life: facts, the state they add up to, and what to do next.

    replay(facts)           what is true now
    decide(mission, world)  what to do about it

A mission is never stored. It is replayed from its facts on every tick, so a restart and an
ordinary tick take the same path.
"""
