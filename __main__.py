"""The program: the stack's secret map → SecretMap → stack outputs."""

import pulumi

from secrets_component import SecretMap, SecretMapArgs, load_secret_maps

maps = {}
path = pulumi.Config().get("map") or f"stacks/{pulumi.get_stack()}.yaml"
for instance, secret_map in load_secret_maps(path).items():
    maps[instance] = SecretMap(secret_map.name, SecretMapArgs(secret_map=secret_map))

if len(maps) == 1:
    (only,) = maps.values()
    only.export()
else:
    for output in SecretMap.OUTPUTS:
        by_instance = {instance: getattr(made, output) for instance, made in maps.items()}
        pulumi.export(output, by_instance)
