/* Shows the pages of today's rolls without network. It reads what store.js kept; it keeps nobody's names itself. */
"use strict";
var SHELL = "parcours-shell-1";
var PAGES = "parcours-rolls-pages";
var DAY = 24 * 3600 * 1000;
var PATIENCE = 6000; // ms: a network that answers later than this is none
var FILES = ["store.js", "sync.js", "roll.js", "days.js", "code.js", "draw.js"].map(function (name) {
  return "/attendance/static/" + name;
}).concat(["/attendance/theme/parcours.css", "/attendance/theme/icon.svg", "/attendance/offline"]);
var ROLL = /^\/attendance\/(rolls\/[0-9a-f-]{36})?$/;

self.addEventListener("install", function (event) {
  event.waitUntil(caches.open(SHELL).then(function (shell) {
    return shell.addAll(FILES);
  }).then(function () { return self.skipWaiting(); }));
});

self.addEventListener("activate", function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.filter(function (name) {
      return name.indexOf("parcours-shell-") === 0 && name !== SHELL;
    }).map(function (name) { return caches.delete(name); }));
  }).then(function () { return self.clients.claim(); }));
});

self.addEventListener("fetch", function (event) {
  var address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) { return; }
  if (event.request.mode === "navigate" && ROLL.test(address.pathname)) {
    event.respondWith(soon(event.request).catch(function () { return kept(address.pathname); }));
  } else if (FILES.indexOf(address.pathname) >= 0) {
    event.respondWith(file(event.request, address.pathname));
  }
});

function soon(request) {
  return new Promise(function (resolve, reject) {
    setTimeout(reject, PATIENCE);
    fetch(request).then(resolve, reject);
  });
}

function file(request, path) {
  return soon(request).then(function (answer) {
    if (answer.ok) {
      var copy = answer.clone();
      caches.open(SHELL).then(function (shell) { return shell.put(path, copy); });
    }
    return answer;
  }).catch(function () { return caches.match(path, { cacheName: SHELL }); });
}

function kept(path) {
  return caches.open(PAGES).then(function (pages) {
    return pages.match(path).then(function (found) {
      if (found && Date.now() - Number(found.headers.get("X-Kept-At")) <= DAY) { return found; }
      return pages.delete(path).then(function () { return caches.match("/attendance/offline", { cacheName: SHELL }); });
    });
  });
}
