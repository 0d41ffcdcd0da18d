"""Attendance's pages: rolls to take and sign, flags with their evidence. No script needed."""

__all__ = ["register"]

from flask import Flask

from services.attendance.pages.following import following_pages
from services.attendance.pages.rolls import roll_pages
from shared.service import Service


def register(app: Flask, service: Service) -> None:
    """Add the pages to the application."""
    for pages in (roll_pages(service), following_pages(service)):
        app.register_blueprint(pages)
