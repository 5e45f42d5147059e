"""The secure sum: Bonawitz et al. 2017 with signatures, on the complete graph, sans-I/O.

    propose → share → opened → masked input → consistency → unmask

`messages` holds what is said, `parameters` the numbers everybody must agree on, the node's
states and the coordinator's states stand in a module each.
"""
