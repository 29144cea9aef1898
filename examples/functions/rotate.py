"""The function's handler: each rotation generates a new key, which readers fetch from the secret.

`examples/rotation/api_key.py` is for a key that somebody else's API issues.
"""

from rotators import handler
from rotators.generated import GeneratedPassword

lambda_handler = handler(GeneratedPassword())
