"""The bare limit of recording: Flask and psycopg, the same rows of marks, nothing checked and nothing that follows."""

import os
import threading
from datetime import UTC, datetime

import psycopg
from flask import Flask, request

COLUMNS = (
    "id uuid PRIMARY KEY, meeting_id uuid, signatory_id uuid, status text, minutes_lost int, act text, "
    "act_reason text, act_id uuid, proof_ref text, arrived time, left_at time, source text, ground text, "
    "supersedes uuid, reason text, actor text, effective_at timestamptz, recorded_at timestamptz, seq int"
)
TABLE = f"CREATE TABLE IF NOT EXISTS bare_mark ({COLUMNS})"
INSERT = f"INSERT INTO bare_mark VALUES ({', '.join(['%s'] * (COLUMNS.count(',') + 1))})"
app = Flask(__name__)
held = threading.local()


def connection():
    if not hasattr(held, "connection"):
        held.connection = psycopg.connect(os.environ["BARE_DATABASE"])
    return held.connection


@app.post("/marks")
def marks():
    (roll,) = request.get_json()["rolls"]
    now, nothing = datetime.now(UTC), None
    rows = [
        (one["id"], roll["meeting_id"], one["signatory_id"], one["status"], 0, one.get("act", ""), "", nothing,
         one.get("proof_ref", ""), nothing, nothing, one.get("source", "device"), "", nothing, "", "bare", now, now, 1)
        for one in roll["marks"]
    ]  # fmt: skip
    db = connection()
    with db.transaction(), db.cursor() as cursor:
        cursor.executemany(INSERT, rows)
    return {"kept": len(rows)}
