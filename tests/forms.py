"""Pages as a browser without any script sees them: their forms can be filled and sent, nothing else can."""

from html.parser import HTMLParser


class Visitor:
    """Somebody with a browser: follows links and sends forms that are on the page, signed in or not."""

    def __init__(self, house, login=None):
        self.client = house.client
        self.cookies = {}
        self.page = None
        if login:
            self.open("/planning/sign-in")
            self.send("/planning/sign-in", login=login, password=house.passwords[login])

    def open(self, path):
        return self._ask("GET", path)

    def post(self, path, values):
        """Send what no form of the page offers, as a program does that took the cookie."""
        return self._ask("POST", path, values)

    def send(self, action, **values):
        """Fill the form that goes to `action` (a part of its path) and press its button; return the answer."""
        form = self.form(action)
        unknown = set(values) - set(form.fields)
        assert not unknown, f"the form has no {unknown}: {sorted(form.fields)}"
        sent = form.values()
        for name, value in values.items():
            field = form.fields[name]
            wanted = list(value) if isinstance(value, list | tuple) else [value]
            if field["choices"] is not None:
                assert set(wanted) <= {*field["choices"], ""}, f"{name} offers {field['choices']}"
            sent[name] = wanted
        return self._ask("POST", form.action, {name: value for name, value in sent.items() if value})

    def form(self, action):
        found = [form for form in self.forms() if _leads(form, action)]
        assert found, f"no form to {action}: {[form.action for form in self.forms()]}"
        return found[0]

    def has_form(self, action):
        return any(_leads(form, action) for form in self.forms())

    def forms(self):
        reader = _Reader()
        reader.feed(self.page.text)
        return reader.forms

    def _ask(self, method, path, data=None):
        self.client.cookies.clear()
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.client.request(method, path, data=data, headers={"Cookie": cookie} if cookie else {})
        self.cookies |= dict(answer.cookies)
        if answer.is_redirect:
            return self._ask("GET", answer.headers["location"])
        self.page = answer
        return answer


def _leads(form, action):
    path = form.action.partition("?")[0]
    return f"{action}/" in f"{path}/" if not action.endswith("/") else action in path


class _Form:
    def __init__(self, action):
        self.action = action
        self.fields = {}

    def values(self):
        """Return what a browser sends when nothing is touched."""
        return {name: list(field["value"]) for name, field in self.fields.items()}


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []
        self._select = self._area = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name = given.get("name")
        if tag == "form":
            self.forms.append(_Form(given["action"]))
        elif tag == "input" and name and self.forms:
            kind = given.get("type", "text")
            many = kind in {"checkbox", "radio"}
            field = self._field(name, [] if many else None)
            if many:
                field["choices"].append(given.get("value", "on"))
            if not many or "checked" in given:
                field["value"].append(given.get("value") or "")
        elif tag == "select":
            self._select = self._field(name, [])
        elif tag == "option" and self._select is not None:
            self._select["choices"].append(given.get("value", ""))
            if "selected" in given:
                self._select["value"] = [given["value"]]
        elif tag == "textarea":
            self._area = self._field(name, None)
            self._area["value"] = [""]

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data):
        if self._area is not None:
            self._area["value"][0] += data

    def _field(self, name, choices):
        return self.forms[-1].fields.setdefault(name, {"value": [], "choices": choices})
