/* Sends what waits on this device, roll by roll; each mark is answered for itself and may be sent again. */
"use strict";
Parcours.sync = (function () {
  var API = "/attendance/api/v1";
  var busy = false;
  var again = false;
  var listeners = [];

  function tell(what, more) { listeners.forEach(function (listener) { listener(what, more || {}); }); }
  function listen(listener) { listeners.push(listener); }

  /* Ask the API; a session that ran out is renewed once by itself. Throws an Error for no network. */
  async function call(method, path, body, renewed) {
    var answer = await fetch(API + path, {
      method: method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body)
    });
    if (answer.status === 401 && !renewed) {
      var door = await fetch("/planning/session?next=/attendance/health", { credentials: "same-origin" });
      if (door.ok && new URL(door.url).pathname === "/attendance/health") { return call(method, path, body, true); }
    }
    var found = { status: answer.status, ok: answer.ok, body: null };
    var text = await answer.text();
    if (text) { try { found.body = JSON.parse(text); } catch (error) { found.body = null; } }
    return found;
  }

  function later(status) { return status === 429 || status >= 500; }

  async function sendActs() {
    for (var act of await Parcours.all("acts")) {
      if (act.state !== "waiting") { continue; }
      var answer = await call("PUT", "/rolls/" + act.meeting + "/acts/" + act.id, act.body);
      if (answer.status === 401) { return "sign-in"; }
      if (later(answer.status)) { return "later"; }
      if (answer.ok) { await Parcours.drop("acts", act.id); } else {
        act.state = "refused";
        await Parcours.put("acts", act);
      }
    }
    return "";
  }

  async function sendMarks() {
    var rows = (await Parcours.all("marks")).filter(function (row) {
      return row.state === "waiting" && !(row.hold > Date.now());
    });
    rows.sort(function (one, other) { return one.made - other.made; });
    var rolls = {};
    rows.forEach(function (row) { (rolls[row.meeting] = rolls[row.meeting] || []).push(row); });
    for (var meeting of Object.keys(rolls)) {
      var sent = rolls[meeting].slice(0, 200);
      for (var row of sent) { row.tried = true; await Parcours.put("marks", row); }
      var marks = sent.map(function (row) {
        return Object.assign({}, row.body, { id: row.id, signatory_id: row.person, effective_at: row.at, seen: row.seen });
      });
      var answer = await call("POST", "/rolls/marks", { rolls: [{ meeting_id: meeting, marks: marks }] });
      if (answer.status === 401) { return "sign-in"; }
      if (later(answer.status)) { return "later"; }
      await keepAnswer(meeting, sent, answer);
    }
    return "";
  }

  async function keepAnswer(meeting, sent, answer) {
    var roll = answer.ok ? answer.body.rolls[0] : { results: [], code: (answer.body || {}).code || "refused" };
    var byId = {};
    roll.results.forEach(function (result) { byId[result.id] = result; });
    for (var row of sent) {
      var result = byId[row.id];
      if (result) {
        row.state = result.state === "kept" ? "sent" : result.state;
        row.page = Number(document.getElementById("device").dataset.read);
        row.code = result.code;
        row.inForce = result.in_force || null;
      } else if (roll.code !== "roll_not_open") {
        row.state = "refused";
        row.code = roll.code;
      }
      await Parcours.put("marks", row);
    }
    tell("answered", { meeting: meeting, code: roll.code });
  }

  /* Sign off where the trainer asked for it, once nothing of that roll waits or is in dispute. */
  async function sign() {
    var open = (await Parcours.all("marks")).filter(function (row) { return row.state !== "sent"; });
    for (var kept of await Parcours.all("notes")) {
      if (kept.key.indexOf("sign:") !== 0) { continue; }
      var meeting = kept.key.slice(5);
      if (open.some(function (row) { return row.meeting === meeting; })) { continue; }
      var answer = await call("POST", "/rolls/" + meeting + "/signature", { held_by: kept.value.heldBy || null });
      if (answer.status === 401) { return "sign-in"; }
      if (later(answer.status)) { return "later"; }
      if (answer.ok) {
        await Parcours.forget(meeting);
        tell("signed", { meeting: meeting });
      } else {
        await Parcours.drop("notes", kept.key);
        tell("unsigned", { meeting: meeting, code: (answer.body || {}).code });
      }
    }
    return "";
  }

  async function run() {
    if (busy) { again = true; return; }
    busy = true;
    var state = "";
    try {
      state = await sendActs() || await sendMarks() || await sign();
    } catch (error) {
      state = error instanceof TypeError ? "offline" : "later";
      if (state === "later") { console.warn("the roll was not sent", error); }
    }
    busy = false;
    tell("state", { state: state });
    if (again) { again = false; run(); }
  }

  return { run: run, call: call, listen: listen, busy: function () { return busy; } };
})();
