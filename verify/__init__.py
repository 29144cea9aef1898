"""`make verify-aws`: checks on a real AWS account what the sandbox cannot prove.

It judges from outside: it deploys with the Pulumi CLI and asks AWS, and imports neither the product
nor the sandbox.
"""
