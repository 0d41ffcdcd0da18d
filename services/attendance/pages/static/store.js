/* What the roll keeps on this device: marks that wait (ids, no names) and the pages of today's rolls (with names).
   Names go when the roll is signed, at sign-out, when somebody else signs in, and after a day. */
"use strict";
var Parcours = (function () {
  var DATABASE = "parcours-rolls";
  var PAGES = "parcours-rolls-pages"; // worker.js reads it by this name
  var DAY = 24 * 3600 * 1000;
  var WEEK = 7 * DAY; // unsent marks have no names: they may wait longer than the pages
  var opened = null;
  var gone = {}; // pages that were dropped while this page is open: one that was asked for before is not put back

  function database() {
    if (!opened) {
      opened = new Promise(function (resolve, reject) {
        var asked = indexedDB.open(DATABASE, 1);
        asked.onupgradeneeded = function () {
          asked.result.createObjectStore("marks", { keyPath: "id" });
          asked.result.createObjectStore("acts", { keyPath: "id" });
          asked.result.createObjectStore("notes", { keyPath: "key" });
        };
        asked.onsuccess = function () { resolve(asked.result); };
        asked.onerror = function () { reject(asked.error); };
      });
    }
    return opened;
  }

  function ask(room, mode, what) {
    return database().then(function (db) {
      return new Promise(function (resolve, reject) {
        var deal = db.transaction(room, mode);
        var asked = what(deal.objectStore(room));
        deal.oncomplete = function () { resolve(asked && asked.result); };
        deal.onerror = deal.onabort = function () { reject(deal.error); };
      });
    });
  }

  function all(room) { return ask(room, "readonly", function (store) { return store.getAll(); }); }
  function put(room, row) { return ask(room, "readwrite", function (store) { return store.put(row); }); }
  function get(room, key) { return ask(room, "readonly", function (store) { return store.get(key); }); }
  function drop(room, key) { return ask(room, "readwrite", function (store) { return store.delete(key); }); }
  function note(key) {
    return ask("notes", "readonly", function (store) { return store.get(key); }).then(function (row) {
      return row ? row.value : null;
    });
  }
  function setNote(key, value) { return put("notes", { key: key, value: value }); }

  /* Keep the page at this address for a time without network; a page that asks to sign in is not kept. */
  async function keepPage(path) {
    if (!("caches" in window)) { return false; }
    var answer = await fetch(path, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) { return false; }
    var headers = { "Content-Type": "text/html; charset=utf-8", "X-Kept-At": String(Date.now()) };
    ["Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"].forEach(function (name) {
      if (answer.headers.get(name)) { headers[name] = answer.headers.get(name); }
    });
    var text = (await answer.text()).replace('data-source="network"', 'data-source="device"');
    if (gone[path]) { return false; }
    var kept = new Response(text, { headers: headers });
    await (await caches.open(PAGES)).put(path, kept);
    return true;
  }

  async function dropPage(path) {
    gone[path] = true;
    if ("caches" in window) { await (await caches.open(PAGES)).delete(path); }
  }

  /* Forget one roll: its page, its marks, its drawings. */
  async function forget(meeting) {
    await dropPage("/attendance/rolls/" + meeting);
    await dropPage("/attendance/");
    for (var room of ["marks", "acts"]) {
      for (var row of await all(room)) {
        if (row.meeting === meeting) { await drop(room, row.id); }
      }
    }
    for (var kept of await all("notes")) {
      if (kept.key.indexOf(meeting) >= 0) { await drop("notes", kept.key); }
    }
  }

  async function forgetAll() {
    if ("caches" in window) { await caches.delete(PAGES); }
    for (var room of ["marks", "acts", "notes"]) {
      await ask(room, "readwrite", function (store) { return store.clear(); });
    }
  }

  /* Forget pages of more than a day ago, and what somebody else left here. */
  async function sweep(owner) {
    if ("caches" in window) {
      var pages = await caches.open(PAGES);
      for (var request of await pages.keys()) {
        var kept = await pages.match(request);
        if (Date.now() - Number(kept.headers.get("X-Kept-At")) > DAY) { await pages.delete(request); }
      }
    }
    for (var room of ["marks", "acts"]) {
      for (var row of await all(room)) {
        if (Date.now() - row.made > (row.state === "sent" ? DAY : WEEK)) { await drop(room, row.id); }
      }
    }
    var before = await note("owner");
    if (before && owner && before !== owner) { await forgetAll(); }
    if (owner) { await setNote("owner", owner); }
  }

  function newId() {
    if (window.crypto && crypto.randomUUID) { return crypto.randomUUID(); }
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    var hex = Array.prototype.map.call(bytes, function (one) { return ("0" + one.toString(16)).slice(-2); }).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /* Sign-out forgets everything; with marks that were never sent it asks once more. */
  function watchSignOut(words) {
    var form = document.querySelector("form[action='/planning/sign-out']");
    if (!form) { return; }
    var warned = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      all("marks").catch(function () { return []; }).then(function (rows) {
        var waiting = rows.filter(function (row) { return row.state !== "sent"; }).length;
        if (waiting && !warned) {
          warned = true;
          say(words.lose.replace("{n}", waiting));
          return null;
        }
        return forgetAll().catch(function () { return null; }).then(function () { form.submit(); });
      });
    });
  }

  function say(text) {
    var place = document.getElementById("said");
    if (place) { place.textContent = text; place.hidden = !text; }
  }

  return {
    all: all, get: get, put: put, drop: drop, note: note, setNote: setNote, keepPage: keepPage, dropPage: dropPage, forget: forget,
    forgetAll: forgetAll, sweep: sweep, newId: newId, watchSignOut: watchSignOut, say: say
  };
})();
