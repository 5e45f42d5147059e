"""A black-box auditor: two neighbouring regions, the real engine, and the question which it was.

    neighbours   who may be there or not ("canaries"), who else is there, what both are asked
    engine       the region as it is: editions, ledgers, plans, noise, masks, coordinator; it gives
                 what a curious coordinator with c colluders sees, and how much ρ was debited for it
    bounds       confidence bounds that hold for every sample size: Clopper–Pearson, Bernstein
    telling      lower bounds on ε and ρ from what was seen with a person and without
    looking      what else must hold of the answers: their law, fresh noise, nothing to be guessed
    auditor      `audit(engine) → Verdict`: all of it together, with a stated false-alarm rate
    planted      the bugs that it must find, put into the running code

The claim is read where a person would read it: in the ledger of the node that holds the person.
Nothing of how noise is planned, drawn or shared is believed.
"""
