#!/bin/sh
# Print the secrets that docker-compose.yml reads from .env; `make secrets` writes them there once.
set -eu
python=${1:-python3}
word() { openssl rand -hex 16 2>/dev/null || "$python" -c 'import secrets; print(secrets.token_hex(16))'; }
"$python" - <<'PY'
import base64, os
from shared.settings import public_half
text = lambda raw: base64.b64encode(raw).decode()
for name in ("TOKEN", "LINK"):
    key = os.urandom(32)
    print(f"PARCOURS_{name}_KEY={text(key)}\nPARCOURS_{name}_PUBLIC={text(public_half(key))}")
for name in ("SCHEDULER", "ATTENDANCE", "NOTIFICATIONS"):
    print(f"PARCOURS_SEAL_{name}={text(os.urandom(32))}")
PY
for name in POSTGRES DATABASE RABBITMQ BROKER; do echo "PARCOURS_${name}_PASSWORD=$(word)"; done
