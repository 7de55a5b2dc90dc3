"""The engine: `tape` is read first, the story in 300 lines that run; around it, from the ground up,

    checks dispatch guard       what may go in and come out; NumPy's questions; what a second derivative must not lose
    graph                       nodes: made, found, cut
    rules                       an op author's Python methods, as the engine calls them
    tape                        a call is recorded, the walk goes back
    function variable           what authors write, what callers hold
    watch                       looking for a fault
    guarded higher partial      derivatives of derivatives, and by chosen Variables; loaded at their first use

A room imports only those above it in this list.
"""
