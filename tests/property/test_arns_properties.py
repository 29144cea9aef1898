"""ARNs: parsing loses nothing."""

from hypothesis import given
from hypothesis import strategies as st

from secrets_component.arns import Arn

FIELD = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), max_size=20)
RESOURCE = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(FIELD, FIELD, FIELD, FIELD, RESOURCE)
def test_parsed_arn_is_written_as_it_was(
    partition: str, service: str, region: str, account: str, resource: str
) -> None:
    text = f"arn:{partition}:{service}:{region}:{account}:{resource}"
    arn = Arn.parse(text)
    assert str(arn) == text
    assert arn == Arn(partition, service, region, account, resource)
