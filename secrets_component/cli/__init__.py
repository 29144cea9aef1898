"""The command `secretsmap`: one module per verb; `command` has the list of them."""
