# One image for every process of Parcours: web, consumers, relays, workers, proxy, SMTP catcher.
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update -qq \
 && apt-get install -yqq --no-install-recommends nginx-light \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --uid 10001 parcours
WORKDIR /app
COPY requirements/run.txt requirements/run.txt
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/run.txt
COPY pyproject.toml README.md ./
COPY shared shared
COPY services services
COPY parcours parcours
COPY samples samples
COPY docs/rights.yaml docs/rights.yaml
COPY deploy deploy
RUN pip install --no-cache-dir --no-deps -e . && mkdir -p /var/parcours && chown parcours /var/parcours
USER parcours
VOLUME /var/parcours
