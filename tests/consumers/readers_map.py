"""The map that the examples read, with values that some way of reading could trip over."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
API_KEY = "Zq7-key+/=%&"
PASSWORD = 'Zq7 p"\\@/:%é&?*  $x'
MAP = {
    "context_name": "myapp",
    "environment": "dev",
    "kms": {"create": True, "alias": "examples"},
    "defaults": {"recovery_window_in_days": 0},
    "secrets": {
        "api_key": {"path": "examples", "secret_data": API_KEY},
        "connection_info": {
            "name": "credentials",
            "path": "database",
            "secret_data": {"username": "app", "password": PASSWORD},
        },
        "unrelated": {"path": "examples", "generate_random_password": True},
    },
}
