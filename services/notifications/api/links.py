"""People's links: making somebody's another one, where a phone was lost or a message read by another."""

__all__ = ["link_routes"]

from uuid import UUID

from flask_smorest import Blueprint

from services.notifications.usecases import links
from shared.service import Service
from shared.web.frame import acting


def link_routes(service: Service) -> Blueprint:
    """Return the routes on links."""
    routes = Blueprint("links", __name__, description="People's own links")

    @routes.post("/signatories/<uuid:signatory_id>/link/renewal")
    @routes.response(204)
    @routes.alt_response(404, success=False)
    def renew_link(signatory_id: UUID) -> None:
        """Make a person's link another one: the old one opens nothing, the next notice says the new one."""
        with acting(service) as work:
            links.renew_link(work, signatory_id)

    return routes
