"""A person's phone: it opens their link in a browser without scripts, and reads what is on the page."""

import re
from html.parser import HTMLParser

from parcours.wire import in_this_process
from services.notifications.app import PREFIX, create_app
from services.notifications.usecases.links import link_of
from shared.web.frame import mount
from tests.integration.notifications.office import PERSON


class Phone:
    """One browser with its cookies, before the pages of one office."""

    def __init__(self, office, language="fr"):
        self.office = office
        self.client = in_this_process(mount(None, {PREFIX: create_app(office.settings, office.service)}))
        self.client.headers["Accept-Language"] = language

    def secret(self, person=PERSON):
        with self.office.service.database.begin() as db:
            return link_of(self.office.service.work(db), "", person).rpartition("/")[2]

    def enter(self, person=PERSON):
        return self.press(f"/notices/m/{self.secret(person)}")

    def read(self, path):
        return self.client.get(path)

    def press(self, path, **form):
        return self.client.post(path, data=form)

    def give_code(self, digits, target=""):
        return self.press("/notices/code", code=digits, next=target)


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.actions, self.links, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "form":
            self.actions.append(found["action"])
        if tag == "a":
            self.links.append(found["href"])

    def handle_data(self, data):
        self.words.append(data)


def seen(answer):
    page = _Page()
    page.feed(answer.text)
    page.said = re.sub(r"\s+", " ", " ".join(page.words))
    return page
