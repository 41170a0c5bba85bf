// The dashboard: reads /api/v1/status every two seconds and shows it. It never writes, and whatever comes from the proxy
// becomes text through textContent only.
"use strict";

const STAGES = ["legacy", "shadow", "canary", "live", "retired"];
const RESULTS = ["match", "ignored", "explained", "mismatch", "not_compared"];
const COLOURS = {pass: "good", fail: "bad", inconclusive: "wait", high: "bad", medium: "wait", low: "soft"};
const PERIOD = 2000; // milliseconds
const SHOWN = 200; // cards; more would only make the browser slow
const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const cards = new Map(); // route name -> {seen, figures, node}
const find = (id) => document.getElementById(id);
let latest = null;

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null).map((child) => child instanceof Node ? child : String(child)));
  return node;
}

function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 0.01) return `${(value * 1000).toFixed(2)} ms`;
  if (value < 1) return `${(value * 1000).toFixed(0)} ms`;
  return `${value.toFixed(value < 10 ? 2 : 0)} s`;
}

const words = (name) => String(name).replaceAll("_", " ");
const number = (value) => whole.format(value || 0);
const reasons = (counts) => Object.entries(counts || {}).map(([name, count]) => `${words(name)} ${number(count)}`).join(", ");
const sum = (counts) => Object.values(counts || {}).reduce((all, count) => all + count, 0);

function stageStrip(route) {
  const now = STAGES.indexOf(route.stage);
  const steps = STAGES.map((stage, place) => {
    const label = stage === "canary" && place === now ? `canary ${Number(route.percent)}%` : stage;
    const step = make("li", place === now ? "now" : place < now ? "done" : "", label);
    if (place === now) step.setAttribute("aria-current", "step");
    return step;
  });
  return make("ol", "stages", ...steps);
}

function verdict(route) {
  const found = route.verdict;
  if (!found) return [];
  const needs = (found.needs || []).map((need) => make("li", "", `needs ${need}`));
  return [
    make("p", "why", make("strong", COLOURS[found.verdict], found.verdict), found.why ? `: ${found.why}` : ""),
    needs.length ? make("ul", "needs", ...needs) : null,
    found.blocking && found.blocking.length ? make("p", "why bad", `blocked by ${found.blocking.join(", ")}`) : null,
  ];
}

function sideRow(name, figures) {
  if (!figures || !figures.requests) return null;
  const head = make("th", "", name);
  head.scope = "row";
  const errors = figures.errors === undefined ? make("td", "soft", "") : make("td", figures.errors ? "bad" : "", number(figures.errors));
  return make("tr", "", head, make("td", "", number(figures.requests)), errors, make("td", "", seconds(figures.p50)), make("td", "", seconds(figures.p99)));
}

function sides(route) {
  const answered = route.sides || {}, copies = route.shadow || {};
  const rows = [
    sideRow("legacy", answered.legacy), sideRow("extracted", answered.extracted), sideRow("by the proxy", answered.proxy),
    sideRow("legacy, copies", copies.legacy), sideRow("extracted, copies", copies.extracted),
  ].filter((row) => row !== null);
  if (!rows.length) return make("p", "counts soft", "no requests yet");
  const heads = ["answered by", "requests", "errors", "p50", "p99"].map((text) => make("th", "", text));
  heads.forEach((head) => { head.scope = "col"; });
  return make("table", "", make("thead", "", make("tr", "", ...heads)), make("tbody", "", ...rows));
}

function comparisons(route) {
  const counts = route.comparisons || {};
  const total = sum(counts);
  const lines = [];
  if (total) {
    const parts = RESULTS.filter((result) => counts[result]).map((result) => {
      const part = make("span", result);
      part.style.flexGrow = String(counts[result]);
      return part;
    });
    const bar = make("div", "bar", ...parts);
    bar.setAttribute("aria-hidden", "true");
    const text = RESULTS.map((result) => `${number(counts[result])} ${words(result)}`).join(" · ");
    lines.push(bar, make("p", "counts", text));
  }
  const lost = [["not compared", route.not_compared_reasons], ["dropped copies", route.dropped]];
  for (const [label, counted] of lost) {
    if (sum(counted)) lines.push(make("p", "counts wait", `${label}: ${reasons(counted)}`));
  }
  if (route.fallbacks) lines.push(make("p", "counts wait", `${number(route.fallbacks)} answered by legacy after the extracted side failed`));
  return lines;
}

function figures(route) {
  const source = {override: "by command", halt: "held by halt"}[route.source];
  const top = [
    make("h2", "", route.name),
    source ? make("span", "tag wait", source) : null,
    route.owns_data ? make("span", "tag soft", "owns data") : null,
    route.breaker_open ? make("span", "tag bad", "breaker open") : null,
    route.build ? make("span", "soft", `build ${route.build}`) : null,
  ];
  const strip = route.name === "unrouted" ? make("p", "counts soft", "what no route names; answered by legacy") : stageStrip(route);
  return make("div", "", make("div", "top", ...top), strip, ...verdict(route), sides(route), ...comparisons(route));
}

function signature(row) {
  const status = row.status_pair[0] === row.status_pair[1] ? row.status_pair[0] : row.status_pair.join(" against ");
  const item = make("li", "", make("code", "", row.path), ` ${words(row.kind)}, `, make("span", COLOURS[row.risk], `${row.risk} risk`));
  const share = row.share ? ` (${Number((row.share * 100).toPrecision(2))}%)` : "";
  const accepted = row.accepted ? `; accepted by ${row.accepted.owner} until ${row.accepted.until}` : "";
  item.append(row.note ? `: ${row.note}` : `, status ${status}, ${number(row.count)} times${share}`, accepted);
  if (!row.current) item.append(make("span", "soft", `; of an earlier build or rule set, ${row.state}`));
  return item;
}

function differences(name) {
  const list = make("ul", "needs");
  const node = make("details", "", make("summary", "", "differences"), list);
  node.addEventListener("toggle", async () => {
    if (!node.open) return;
    try {
      const body = await read(`/api/v1/routes/${encodeURIComponent(name)}/mismatches`);
      const rows = body.signatures.map(signature);
      list.replaceChildren(...(rows.length ? rows : [make("li", "soft", "none seen")]));
    } catch (error) {
      list.replaceChildren(make("li", "bad", error.message));
    }
  });
  return node;
}

function card(route) {
  const seen = JSON.stringify(route);
  let known = cards.get(route.name);
  if (!known) {
    const shown = figures(route);
    known = {seen, figures: shown, node: make("section", "card", shown, route.verdict ? differences(route.name) : null)};
    cards.set(route.name, known);
  } else if (known.seen !== seen) {
    const fresh = figures(route);
    known.figures.replaceWith(fresh);
    known.figures = fresh;
    known.seen = seen;
  }
  return known.node;
}

function banner(kind, title, lines = []) {
  const items = lines.map((line) => make("li", "", line));
  return make("div", `banner ${kind}`, make("strong", "", title), items.length ? make("ul", "", ...items) : null);
}

function banners(status) {
  const found = [];
  const {reload, store, workers} = status;
  if (status.halted) found.push(banner("bad", "Halted: legacy answers every route that allows it. `strangler resume` lifts it."));
  if (reload && !reload.ok) found.push(banner("bad", "The last edit of routes.yaml was refused; the table before it is in force.", reload.problems));
  else if (reload && reload.problems && reload.problems.length) found.push(banner("", "routes.yaml was taken with warnings.", reload.problems));
  if (store && !store.ok) found.push(banner("bad", "Evidence is not being stored; traffic is not affected.", [store.error || "unknown trouble"]));
  if (store && store.lost) found.push(banner("", `${number(store.lost)} rows of evidence were lost while the store was in trouble.`));
  if (status.shedding) found.push(banner("bad", "A worker's memory is at limits.memory: new requests get 503."));
  const left = (status.backends || []).flatMap((backend) =>
    backend.urls.filter((one) => one.state !== "used").map((one) => `${backend.name}: ${one.url} is ${one.state}`));
  if (left.length) found.push(banner("bad", "Left alone for now; other urls or the fallback answer.", left));
  if (workers && workers.connected < workers.expected) {
    found.push(banner("", `${workers.connected} of ${workers.expected} workers are connected; figures may be incomplete.`));
  }
  return found;
}

function show(status) {
  const {workers, control} = status;
  const restarts = ((workers && workers.restarts) || 0) + ((control && control.restarts) || 0);
  const parts = [`version ${status.version}`, `table ${status.generation}`, workers ? `${workers.connected} of ${workers.expected} workers` : "",
    restarts ? `restarts ${number(restarts)}` : "", `read at ${new Date().toLocaleTimeString()}`];
  find("summary").textContent = parts.filter(Boolean).join(" · ");
  fill(find("banners"), banners(status));
  const wanted = find("filter").value.trim().toLowerCase();
  const routes = status.routes.filter((route) => route.name.toLowerCase().includes(wanted));
  arrange(find("routes"), routes.slice(0, SHOWN).map(card));
  const left = routes.length - SHOWN;
  find("more").hidden = left <= 0;
  find("more").textContent = `${number(left)} more routes: filter by name to see them.`;
  document.body.classList.remove("stale");
}

function fill(place, nodes) { // an equal banner is left alone, so that a screen reader says it once
  const same = place.childNodes.length === nodes.length && nodes.every((node, at) => node.textContent === place.childNodes[at].textContent);
  if (!same) place.replaceChildren(...nodes);
}

function arrange(place, nodes) { // nodes that stay are not moved, so that focus and open details stay
  const same = place.childNodes.length === nodes.length && nodes.every((node, at) => node === place.childNodes[at]);
  if (!same) place.replaceChildren(...nodes);
}

async function read(path) {
  const token = sessionStorage.getItem("token");
  const answer = await fetch(path, {headers: token ? {Authorization: `Bearer ${token}`} : {}, signal: AbortSignal.timeout(10000)});
  if (answer.status === 401) {
    sessionStorage.removeItem("token");
    find("login").hidden = false;
    throw new Error("the admin token is needed");
  }
  if (!answer.ok) throw new Error(`the admin port answered ${answer.status}`);
  return answer.json();
}

async function poll() {
  if (!document.hidden && find("login").hidden) {
    try {
      latest = await read("/api/v1/status");
      show(latest);
    } catch (error) {
      document.body.classList.add("stale");
      fill(find("banners"), [banner(find("login").hidden ? "bad" : "", `No fresh figures: ${error.message}.`)]);
    }
  }
  setTimeout(poll, PERIOD);
}

find("filter").addEventListener("input", () => { if (latest) show(latest); });
find("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", find("token").value);
  find("token").value = "";
  find("login").hidden = true;
});
poll();
