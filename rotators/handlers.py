"""The handlers of the Lambda functions, as `rotators.handlers.<name>`."""

from __future__ import annotations

from rotators.contract import handler
from rotators.database import AlternatingUsers, SingleUser
from rotators.generated import GeneratedPassword
from rotators.mysql import MySQL
from rotators.postgres import Postgres

generated_password = handler(GeneratedPassword())
postgres_single_user = handler(SingleUser(Postgres()))
postgres_alternating_users = handler(AlternatingUsers(Postgres()))
mysql_single_user = handler(SingleUser(MySQL()))
mysql_alternating_users = handler(AlternatingUsers(MySQL()))
