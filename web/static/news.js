// One stream of news for all pages of this browser: the first page opens it, each new page joins, the last one ends it.
"use strict";

const ports = new Set();
let source = null;

function tell(what) {
  for (const port of ports) port.postMessage(what);
}

function open(address) {
  if (source && source.readyState !== EventSource.CLOSED) {
    if (source.readyState === EventSource.OPEN) tell("open");
    return;
  }
  source = new EventSource(address);
  source.addEventListener("open", () => tell("open"));
  source.addEventListener("news", () => tell("news"));
  source.addEventListener("over", () => { // the session ended, or is to be looked at again with a newer cookie
    source.close();
    tell("over");
  });
  source.addEventListener("error", () => tell(source.readyState === EventSource.CLOSED ? "over" : "lost"));
}

self.addEventListener("connect", (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.addEventListener("message", ({ data }) => {
    if (data.listen) open(data.listen);
    if (data.leave) {
      ports.delete(port);
      if (!ports.size && source) source.close();
    }
  });
  port.start();
});
