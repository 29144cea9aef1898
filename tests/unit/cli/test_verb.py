"""What the verbs share."""

import argparse

from secrets_component.cli.verb import add_environment


def test_environment_is_an_option_without_a_default() -> None:
    parser = argparse.ArgumentParser()
    add_environment(parser)
    assert parser.parse_args([]).environment is None
    assert parser.parse_args(["--environment", "dev"]).environment == "dev"
