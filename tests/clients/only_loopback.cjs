// Loaded into every Node program of these tests before its own code: who wants to leave this machine cannot, and is written down.
//
// A name other than localhost is not looked up, and a connection to another address fails before it is tried. The error's code is one
// that no client takes for a moment's trouble and tries again.

const fs = require("node:fs");
const net = require("node:net");

const HERE = /^(localhost|.*\.localhost|127(\.\d+){3}|::1|\[::1\])?$/;

function refuse(what, host) {
  fs.appendFileSync(process.env.ONLY_LOOPBACK_LOG, `${host}\n`);
  return Object.assign(new Error(`${what} ${host}: these tests stay on this machine`), { code: "EONLYLOOPBACK" });
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : net._normalizeArgs(given);
  const host = options.path === undefined ? (options.host ?? "") : "";
  if (HERE.test(host)) return connect.apply(this, given);
  process.nextTick(() => this.destroy(refuse("connect to", host)));
  return this;
};

// Copied properties: promisify knows some of these functions by one of theirs.
const instead = (original, replacement) => Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
const dns = require("node:dns");
for (const name of ["lookup", "resolve", "resolve4", "resolve6", "resolveCname", "resolveTxt"]) {
  const [called, promised] = [dns[name], dns.promises[name]];
  dns[name] = instead(called, (host, ...rest) => {
    if (HERE.test(host)) return called(host, ...rest);
    return process.nextTick(rest.at(-1), refuse("look up", host));
  });
  dns.promises[name] = instead(promised, async (host, ...rest) => {
    if (HERE.test(host)) return promised(host, ...rest);
    throw refuse("look up", host);
  });
}
