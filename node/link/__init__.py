"""Where the node meets gRPC; it translates and decides nothing.

stream       the one connection of a running node
membership   single calls of the operator's commands: charter, signature, receipt
"""
