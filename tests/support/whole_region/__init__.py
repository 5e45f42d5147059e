"""A whole region in one thread, from one seed: the real code, a simulated world around it.

    template     a region as its members left it: keys, certificates, charter, case data
    loop         an event loop whose clock is a number, and whose worker threads are none
    wire         gRPC's channel and server, simulated: delays, breaks, partitions, a tampering hand
    people       who comes when, for a standing series
    disk         what is on a disk when the power fails; commits that fail
    processes    `corridor coordinator serve` and `corridor node serve`, to be started and killed
    adversary    a library of lies that a malicious coordinator may tell, and what it learns
    observer     what everybody did, and the invariants
    story        the seed's history: who is asked what, what breaks when
    futures      short histories: many futures of a few moments, forked from them
    remembered   pure functions that are worked out once, and what nobody reads here

Everything between `Link.run`, `ExchangeServicer.Connect` and `Rounds.run` is the code that serves:
desks, protocol states, codec, ledger, journal, witness book, SQLite files. Only the evaluation of
case data is replaced by a vector that is known. Equal seeds give equal histories.

`python -m support.whole_region SEED` (in tests/) replays one and tells it line by line; with
`--short`, a future.
"""
