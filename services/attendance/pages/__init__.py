"""Attendance's pages: rolls to take and sign, what people say of themselves in the room, flags with their evidence."""

__all__ = ["register"]

from flask import Flask

from services.attendance.pages.corrections import correction_pages
from services.attendance.pages.following import following_pages
from services.attendance.pages.here import here_pages
from services.attendance.pages.own import own_pages
from services.attendance.pages.papers import paper_pages
from services.attendance.pages.rolls import roll_pages
from services.attendance.pages.room import room_pages
from services.attendance.settings import Settings
from shared.service import Service


def register(app: Flask, service: Service, settings: Settings) -> None:
    """Add the pages to the application."""
    for pages in (
        roll_pages(service, settings),
        room_pages(service, settings),
        here_pages(service, settings),
        following_pages(service),
        correction_pages(service, settings),
        own_pages(service, settings),
        paper_pages(service, settings),
    ):
        app.register_blueprint(pages)
