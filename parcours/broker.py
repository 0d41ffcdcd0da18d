"""
One broker user a service, who may write only its own events and read only its own queue.

Uses RabbitMQ's management API. `user_id` on each message is checked by the broker itself against the connection.
"""

__all__ = ["set_up"]

from collections.abc import Mapping
from typing import Any

import httpx

from shared.errors import ParcoursError
from shared.settings import SERVICES, Environment

VHOST = "%2F"


def set_up(environ: Mapping[str, str]) -> list[str]:
    """Create or replace the users and their rights; return what was done. Raises SettingsError, ParcoursError."""
    environment = Environment(environ)
    url = environment.text("PARCOURS_BROKER_ADMIN_URL")
    user = environment.text("PARCOURS_BROKER_ADMIN_USER")
    admin_password = environment.text("PARCOURS_BROKER_ADMIN_PASSWORD")
    password = environment.text("PARCOURS_BROKER_PASSWORD")
    environment.check()
    done = []
    with httpx.Client(base_url=url, auth=(user, admin_password), timeout=20) as client:
        for service in SERVICES:
            name = f"parcours-{service}"
            _put(client, f"/api/users/{name}", {"password": password, "tags": ""})
            # Anyone declares the shared topology (idempotent), but reads only its own queues.
            rights = {
                "configure": r"^(parcours\..*|celery.*|.*\.pidbox|.*reply.*)$",
                "write": r"^(parcours\..*|amq\.default|celery.*|.*\.pidbox|.*reply.*)$",
                "read": rf"^(parcours\.{service}(\..*)?|parcours\.(events|dead)|celery.*|.*\.pidbox|.*reply.*)$",
            }
            _put(client, f"/api/permissions/{VHOST}/{name}", rights)
            topic = {"exchange": "parcours.events", "write": rf"^{service}\..*", "read": ".*"}
            _put(client, f"/api/topic-permissions/{VHOST}/{name}", topic)
            done.append(f"{name}: may write {service}.* only")
    return done


def _put(client: httpx.Client, path: str, body: Any) -> None:
    answer = client.put(path, json=body)
    if answer.status_code >= 300:
        raise ParcoursError(f"RabbitMQ answered {answer.status_code} to {path}: {answer.text[:200]}")
