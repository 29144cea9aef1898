"""AWS's own matcher, Event Ruler, as the judge of the event patterns: `make event-ruler`.

The unit tests use moto's matcher. This holds both against each other on the same patterns and
events; it needs a JDK 17 and Maven, and is no part of `make test`.
"""
