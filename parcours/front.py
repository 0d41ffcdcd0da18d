"""The front page: what Parcours is, and the three doors."""

__all__ = ["front_app"]

from flask import Flask, Response, render_template
from flask_babel import gettext as _
from jinja2 import ChoiceLoader

from shared.clock import Clock
from shared.rights import Principal
from shared.web.frame import HEADERS
from shared.web.words import install_words


def front_app(clock: Clock) -> Flask:
    """Return the application at `/`."""
    app = Flask("parcours", static_folder=None)
    theme = Flask("shared.web").create_jinja_environment().loader
    loaders = [loader for loader in (app.jinja_loader, theme) if loader is not None]
    app.jinja_loader = ChoiceLoader(loaders)
    install_words(app)

    @app.get("/")
    def front() -> str:
        simulated = getattr(clock, "simulated", False)
        return render_template(
            "front.html",
            who=Principal.visitor(),
            service_label=_("Page d’accueil"),
            service_prefix="/planning",
            simulated_now=clock.now() if simulated else None,
        )

    @app.after_request
    def seal(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
