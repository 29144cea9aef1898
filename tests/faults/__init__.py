"""Runs while AWS throttles, fails, breaks connections and cuts answers off.

The faults come from microburst, a proxy that other people wrote, between the sandbox's AWS API and
all that calls it: the providers and the program itself.
"""
