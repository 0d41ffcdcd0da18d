/* The roll in the trainer's hand: each tap is a mark that is kept here first and sent when there is a network. */
"use strict";
(function () {
  var roll = document.getElementById("roll");
  if (!roll || !window.indexedDB || !window.fetch) { return; }
  var form = document.getElementById("marks");
  var words = document.getElementById("words").dataset;
  var device = document.getElementById("device").dataset;
  var meeting = roll.dataset.meeting;
  var path = "/attendance/rolls/" + meeting;
  var people = Array.prototype.slice.call(form.querySelectorAll("fieldset.mark"));
  var proof = document.getElementById("proof");
  var number = document.getElementById("proof_ref");
  var CAME = ["present", "late", "left_early"];
  var HOLD = 20000; // ms: how long "all present" can be undone before it is sent
  var POLL = 5000;
  var offset = 0; // the service's time minus this device's
  var cached = device.source === "device"; // this page comes from store.js, not from the network
  var offline = false;
  var net = "";
  var latest = {}; // person -> the newest mark that this device made

  function say(text) { Parcours.say(text); }
  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (_, name) { return values[name]; });
  }
  function person(field) { return field.dataset.person; }
  function fieldOf(key) { return form.querySelector("fieldset.mark[data-person='" + key + "']"); }
  function chosen(field) {
    var input = field.querySelector("input[type=radio]:checked");
    return input ? input.value : "";
  }
  function choose(field, status) {
    Array.prototype.forEach.call(field.querySelectorAll("input[type=radio]"), function (input) {
      input.checked = input.value === status;
    });
  }
  function named(field, name) { return form.elements[name + ":" + person(field)]; }
  function label(status) {
    var input = form.querySelector("input[type=radio][value='" + status + "']");
    return input ? input.nextElementSibling.textContent : status;
  }
  function now() { return new Date(Date.now() + offset); }
  function hour() {
    var parts = new Intl.DateTimeFormat("en-GB", {
      timeZone: roll.dataset.zone, hour: "2-digit", minute: "2-digit", hour12: false
    }).format(now());
    return parts.slice(0, 5);
  }
  function minutes(text) { return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5)); }
  function inMeeting(text) {
    var starts = minutes(roll.dataset.starts);
    return minutes(text) > starts && minutes(text) < starts + Number(roll.dataset.minutes);
  }

  /* --- what a tap means ------------------------------------------------------------------------------------- */

  /* Return {act, act_reason, act_id, proof_ref} for somebody who came, or null when the trainer must choose first. */
  async function proofOf(field) {
    var own = named(field, "act").value;
    if (!own && field.dataset.own) { return { act: field.dataset.own, act_id: field.dataset.act }; }
    var wanted = own || proof.value;
    if (wanted === "drawn") {
      var strokes = await Parcours.draw.ask(field.querySelector(".name").textContent);
      if (!strokes) { return null; }
      var act = Parcours.newId();
      await Parcours.put("acts", {
        id: act, meeting: meeting, state: "waiting", made: Date.now(),
        body: {
          kind: "drawn", subject_id: person(field), media_type: "application/json",
          content: btoa(JSON.stringify(strokes)), made_at: now().toISOString()
        }
      });
      return { act: "drawn", act_id: act };
    }
    if (wanted === "signed_sheet") {
      if (!number.value.trim() && roll.dataset.photos === "0") { say(words.number); number.focus(); return null; }
      return { act: "signed_sheet", proof_ref: number.value.trim() };
    }
    if (!wanted) { say(words.proof); proof.focus(); return null; }
    return { act: "trainer_declared", act_reason: wanted.split(":")[1] };
  }

  function timesOf(field, status) {
    var name = { late: "arrived", left_early: "left" }[status];
    if (!name) { return {}; }
    var input = named(field, name);
    if (!input.value && inMeeting(hour())) { input.value = hour(); }
    if (!input.value) {
      field.dataset.asking = "yes";
      field.querySelector("details").open = true;
      say(words.hour);
      input.focus();
      return null;
    }
    var found = {};
    found[name] = input.value;
    return found;
  }

  /* One tap after the other: a second one waits until the first is kept. */
  var last = Promise.resolve();
  function take(field, hold) {
    last = last.then(function () { return takeNow(field, hold); }).catch(function (error) {
      console.error("a mark was not kept", error);
    });
    return last;
  }

  /* Make the mark of what is chosen for somebody; what cannot be kept yet is shown as before. */
  async function takeNow(field, hold) {
    var status = chosen(field);
    if (!status) { return; }
    var body = { status: status, source: offline || cached ? "offline" : "device" };
    if (CAME.indexOf(status) >= 0) {
      var times = timesOf(field, status);
      if (!times) { return; }
      var stands = await proofOf(field);
      if (!stands) { choose(field, field.dataset.shown || ""); return; }
      Object.assign(body, stands, times);
    }
    await keep(field, body, hold);
  }

  async function keep(field, body, hold) {
    var key = person(field);
    var before = latest[key] && (await Parcours.get("marks", latest[key].id) || latest[key]);
    var seen = field.dataset.mark || null;
    if (before && before.state === "waiting" && (before.tried || Parcours.sync.busy())) {
      seen = before.id; // it may have arrived: this one comes after it
    } else if (before) {
      seen = { sent: before.id, conflict: (before.inForce || {}).id }[before.state] || before.seen;
      await dropOf(key); // one that never left this device is as if it had not been
    }
    delete field.dataset.asking;
    var row = {
      id: Parcours.newId(), meeting: meeting, person: key, body: body, seen: seen, state: "waiting", tried: false,
      at: now().toISOString(), made: Date.now(), page: Number(device.read), hold: hold ? Date.now() + HOLD : 0
    };
    await Parcours.put("marks", row);
    latest[key] = row;
    say("");
    paint();
    if (!hold) { soon(); }
  }

  async function dropOf(key) {
    for (var row of await Parcours.all("marks")) {
      if (row.meeting === meeting && row.person === key) { await Parcours.drop("marks", row.id); }
    }
  }

  var timer = null;
  function soon(wait) {
    clearTimeout(timer);
    timer = setTimeout(Parcours.sync.run, wait || 800);
  }

  /* --- what is shown ---------------------------------------------------------------------------------------- */

  function paint() {
    var came = 0, marked = 0, waiting = 0, disputes = 0;
    people.forEach(function (field) {
      var row = latest[person(field)];
      var status = row ? row.body.status : field.dataset.status;
      if (status && !field.dataset.asking) { choose(field, status); }
      field.dataset.shown = status;
      var dispute = field.querySelector(".dispute");
      dispute.hidden = !row || row.state !== "conflict";
      if (!dispute.hidden) {
        dispute.querySelector("p").textContent = fill(words.dispute, {
          mine: label(row.body.status), theirs: label(row.inForce.status)
        });
      }
      field.querySelector(".told").textContent = row && row.state === "refused" ? words.refused : "";
      if (row && row.state === "waiting") { waiting += 1; }
      if (row && row.state === "conflict") { disputes += 1; }
      marked += status ? 1 : 0;
      came += CAME.indexOf(status) >= 0 ? 1 : 0;
      var own = field.querySelector(".own");
      own.hidden = !field.dataset.own || CAME.indexOf(status) >= 0;
      field.querySelector(".confirm").hidden = own.hidden;
      if (!own.hidden) {
        own.querySelector("span").textContent = words[field.dataset.own] +
          (field.dataset.known === "reference" ? " – " + words.reference : "");
      }
    });
    document.querySelector("#count output").textContent =
      fill(words.count, { n: marked, all: people.length, came: came });
    var scanned = people.filter(function (field) {
      return scannedBySession(field);
    });
    var scans = document.getElementById("scans");
    scans.hidden = !scanned.length;
    scans.querySelector("span").textContent = fill(words.scans, { n: scanned.length });
    paintNet(waiting, disputes);
  }

  /* Who is confirmed together with others: known by their own session, and the trainer has said nothing else yet. */
  function scannedBySession(field) {
    return field.dataset.known === "session" && !field.querySelector(".own").hidden && !field.dataset.shown;
  }

  function paintNet(waiting, disputes) {
    var place = document.getElementById("net");
    place.textContent = "";
    if (net === "sign-in") {
      place.textContent = words.signin + " ";
      var link = document.createElement("a");
      link.href = "/planning/session?next=" + encodeURIComponent(path);
      link.textContent = words.signinlink;
      place.appendChild(link);
    } else if (offline) {
      place.textContent = fill(words.offline, { n: waiting });
    } else if (net === "later") {
      place.textContent = words.later;
    } else if (disputes) {
      place.textContent = words.disputes;
    } else if (waiting) {
      place.textContent = fill(words.waiting, { n: waiting });
    } else if (Object.keys(latest).length) {
      place.textContent = words.sent;
    }
    place.dataset.state = net || (disputes ? "dispute" : waiting ? "waiting" : "sent");
  }

  async function read() {
    latest = {};
    var rows = (await Parcours.all("marks")).filter(function (row) { return row.meeting === meeting; });
    rows.sort(function (one, other) { return one.made - other.made; });
    for (var row of rows) {
      if (row.state === "sent" && Number(device.read) > row.page) {
        await Parcours.drop("marks", row.id); // this page was made after it was sent: the page says what stands
      } else {
        latest[row.person] = row;
      }
    }
  }

  /* --- what the others did ---------------------------------------------------------------------------------- */

  async function poll() {
    if (document.hidden || offline || net === "sign-in") { return; }
    try {
      var answer = await Parcours.sync.call("GET", "/rolls/" + meeting + "/live");
      if (answer.status === 401) { net = "sign-in"; paint(); return; }
      if (!answer.ok) { return; }
      if (["open", "submitted"].indexOf(answer.body.state) < 0) {
        var lost = people.filter(function (field) {
          var row = latest[person(field)];
          return row && row.state !== "sent";
        }).length;
        await Parcours.dropPage(path);
        if (lost) { say(fill(words.closed, { n: lost })); return; }
        await Parcours.forget(meeting);
        location.replace(path);
        return;
      }
      answer.body.marks.forEach(function (mark) {
        var field = fieldOf(mark.signatory_id);
        var row = field && latest[mark.signatory_id];
        if (!field || (row && row.state !== "sent")) { return; }
        if (row && row.id !== mark.id && field.dataset.mark !== mark.id) {
          Parcours.drop("marks", row.id); // another device answered since, and this one has nothing to send
          delete latest[mark.signatory_id];
        }
        if (!row || row.id !== mark.id) { field.dataset.status = mark.status; }
        field.dataset.mark = mark.id;
        if (named(field, "seen")) { named(field, "seen").value = mark.id; }
      });
      people.forEach(function (field) { delete field.dataset.own; });
      answer.body.acts.forEach(function (act) {
        var field = fieldOf(act.subject_id);
        if (field) {
          field.dataset.own = act.kind;
          field.dataset.act = act.id;
          field.dataset.known = act.known_by;
        }
      });
      paint();
    } catch (error) {
      if (!(error instanceof TypeError)) { throw error; }
      offline = true;
      paint();
      soon(POLL);
    }
  }

  /* --- all at once, signing ----------------------------------------------------------------------------------- */

  async function everybody() {
    if (!proof.value) { say(words.proof); proof.focus(); return; }
    if (proof.value === "drawn") { say(words.proof); proof.focus(); return; }
    var made = 0;
    for (var field of people) {
      if (field.dataset.shown || field.dataset.announced === "absent") { continue; }
      choose(field, "present");
      await take(field, true);
      made += 1;
    }
    if (!made) { return; }
    var undo = document.getElementById("undo");
    undo.querySelector("span").textContent = fill(words.all, { n: made });
    undo.hidden = false;
    setTimeout(release, HOLD);
  }

  async function release() {
    document.getElementById("undo").hidden = true;
    for (var row of await Parcours.all("marks")) {
      if (row.hold) { row.hold = 0; await Parcours.put("marks", row); }
    }
    Parcours.sync.run();
  }

  async function undo() {
    document.getElementById("undo").hidden = true;
    for (var row of await Parcours.all("marks")) {
      if (row.meeting === meeting && row.hold && !row.tried) {
        await Parcours.drop("marks", row.id);
        delete latest[row.person];
        choose(fieldOf(row.person), fieldOf(row.person).dataset.status);
      }
    }
    paint();
  }

  async function review() {
    await last; // a tap of just now counts
    var came = 0, absent = 0, missing = [];
    people.forEach(function (field) {
      var status = field.dataset.shown;
      if (CAME.indexOf(status) >= 0) { came += 1; } else if (status || field.dataset.announced === "absent") {
        absent += 1;
      } else { missing.push(field.querySelector(".name").textContent); }
    });
    var panel = document.getElementById("review");
    panel.querySelector(".sums").textContent =
      fill(words.sums, { came: came, absent: absent, missing: missing.length });
    var list = panel.querySelector(".missing");
    list.textContent = "";
    missing.forEach(function (name) {
      var item = document.createElement("li");
      var bdi = document.createElement("bdi");
      bdi.textContent = name;
      item.appendChild(bdi);
      list.appendChild(item);
    });
    panel.querySelector(".go").disabled = missing.length > 0;
    panel.hidden = false;
    panel.focus();
    panel.scrollIntoView();
  }

  async function sign() {
    var dispute = people.filter(function (field) { return !field.querySelector(".dispute").hidden; })[0];
    if (dispute) { say(words.disputes); dispute.scrollIntoView(); return; }
    await Parcours.setNote("sign:" + meeting, { heldBy: document.getElementById("held_by").value.trim() });
    document.getElementById("review").hidden = true;
    if (offline) { say(words.willsign); }
    await release();
  }

  /* --- beginning ------------------------------------------------------------------------------------------------ */

  function watch() {
    form.addEventListener("change", function (event) {
      var field = event.target.closest("fieldset.mark");
      if (!field) { return; }
      var status = field.dataset.shown;
      var time = event.target.type === "time" && chosen(field);
      if (event.target.type === "radio" || time || (event.target.tagName === "SELECT" && CAME.indexOf(status) >= 0)) {
        take(field);
      }
    });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (event.submitter && event.submitter.name === "sign") { review(); } else { release(); }
    });
    document.getElementById("sign").addEventListener("click", function (event) {
      event.preventDefault(); // an old browser does not say which button sent a form
      review();
    });
    document.getElementById("all").addEventListener("click", function (event) {
      event.preventDefault();
      everybody();
    });
    document.querySelector("#undo button").addEventListener("click", undo);
    document.querySelector("#review .go").addEventListener("click", sign);
    document.querySelector("#review .back").addEventListener("click", function () {
      document.getElementById("review").hidden = true;
    });
    document.querySelector("#scans button").addEventListener("click", async function () {
      for (var field of people) {
        if (scannedBySession(field)) { await confirm(field); }
      }
    });
    people.forEach(function (field) {
      field.querySelector(".confirm").addEventListener("click", function () { confirm(field); });
      field.querySelector(".mine").addEventListener("click", function () { settle(field, true); });
      field.querySelector(".theirs").addEventListener("click", function () { settle(field, false); });
    });
    proof.addEventListener("change", function () { Parcours.setNote("proof:" + meeting, proof.value); });
    Array.prototype.forEach.call(document.querySelectorAll("form.online"), function (one) {
      one.addEventListener("submit", function (event) {
        if (offline || !navigator.onLine) { event.preventDefault(); say(words.online); }
      });
    });
    window.addEventListener("online", function () { Parcours.sync.run(); });
    window.addEventListener("offline", function () { offline = true; paint(); });
    document.addEventListener("visibilitychange", function () { if (!document.hidden) { Parcours.sync.run(); } });
  }

  function confirm(field) {
    choose(field, "present");
    return take(field);
  }

  /* Two answers: the trainer's word decides which stands; the other is kept by the service all the same. */
  async function settle(field, mine) {
    var row = latest[person(field)];
    field.dataset.mark = row.inForce.id;
    field.dataset.status = row.inForce.status;
    await dropOf(person(field));
    delete latest[person(field)];
    if (mine) { await keep(field, row.body); } else { paint(); }
  }

  Parcours.sync.listen(async function (what, more) {
    if (what === "state") {
      offline = more.state === "offline";
      net = more.state;
      await read();
      paint();
      if (!net && !cached) { keepPage(); }
      if (offline || net === "later") { soon(POLL); }
    } else if (what === "signed" && more.meeting === meeting) {
      location.replace(path);
    } else if (what === "unsigned" && more.meeting === meeting) {
      say(words.unsigned);
    }
  });

  var keeping = null;
  function keepPage() {
    if (device.keep.split(" ").indexOf(meeting) < 0) { return; }
    clearTimeout(keeping);
    keeping = setTimeout(function () {
      Parcours.keepPage(path).catch(function () { return false; });
    }, 300);
  }

  async function begin() {
    await Parcours.sweep(device.owner);
    if (!cached) {
      offset = Date.parse(device.now) - Date.now();
      await Parcours.setNote("offset", offset);
    } else {
      offset = (await Parcours.note("offset")) || 0;
    }
    Array.prototype.forEach.call(form.querySelectorAll("option.scripted"), function (option) {
      option.hidden = option.disabled = false;
    });
    document.getElementById("save").hidden = true; // every tap is saved
    var kept = await Parcours.note("proof:" + meeting);
    if (kept && !proof.value) { proof.value = kept; }
    await read();
    watch();
    paint();
    Parcours.watchSignOut(device);
    if ("serviceWorker" in navigator) {
      navigator.serviceWorker.register("/attendance/worker.js").catch(function () { return null; });
    }
    roll.dataset.ready = "yes";
    await release();
    setInterval(poll, POLL);
    poll();
  }

  begin().catch(function (error) { console.error("the roll stays a plain form", error); });
})();
