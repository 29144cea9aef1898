"""The program: the stack's secret map → SecretMap → stack outputs."""

from collections import defaultdict
from typing import Any

import pulumi

from secrets_component import SecretMap, SecretMapArgs, load_secret_maps

maps = load_secret_maps(pulumi.Config().get("map") or f"stacks/{pulumi.get_stack()}.yaml")
exports: dict[str, dict[str, pulumi.Output[Any]]] = defaultdict(dict)
for instance, secret_map in maps.items():
    made = SecretMap(secret_map.name, SecretMapArgs(secret_map=secret_map))
    for output in SecretMap.OUTPUTS:
        exports[output][instance] = getattr(made, output)

for output, by_instance in exports.items():
    several = len(by_instance) > 1
    pulumi.export(output, by_instance if several else next(iter(by_instance.values())))
