"""Loopback providers: what `pulumi-resource-aws` and `-random` do, for the types used here."""
