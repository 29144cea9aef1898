"""Every value of plain data, with its path."""

from secrets_component.secret_map.walk import nodes


def test_values_come_in_the_order_of_the_data_with_their_paths() -> None:
    data = {"b": [1, {"c": None}], "a": {}}
    assert list(nodes(data, ("top",))) == [
        (("top",), data),
        (("top", "b"), [1, {"c": None}]),
        (("top", "b", 0), 1),
        (("top", "b", 1), {"c": None}),
        (("top", "b", 1, "c"), None),
        (("top", "a"), {}),
    ]


def test_single_value_is_the_only_one() -> None:
    assert list(nodes("x")) == [((), "x")]


def test_depth_is_no_recursion() -> None:
    data: list[object] = []
    for _ in range(5000):
        data = [data]
    assert sum(1 for _ in nodes(data)) == 5001
