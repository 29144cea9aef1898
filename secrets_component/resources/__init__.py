"""Creates the resources; queries nothing."""
