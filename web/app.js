// The page: asks the API every two seconds, sends back the tag of what it holds, and draws what changed.
// Amounts are strings of base units and are never made floats; only the length of a bar is.
"use strict";

const REFRESH_MS = 2000;
const PAGE_ROWS = 50;
const SILENT_SECONDS = 30;
const ONE = 10n ** 18n;

const $ = (id) => document.getElementById(id);
const show = (id, text) => { const node = $(id); if (node.textContent !== text) node.textContent = text; };

// ---- figures

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

/** Base units as tokens, cut after some digits: never more than there is. */
function token(units, digits = 2) {
  if (units === null || units === undefined) return "unknown";
  const value = BigInt(units);
  const fraction = (value % ONE).toString().padStart(18, "0").slice(0, digits);
  return grouped((value / ONE).toString()) + (digits ? "." + fraction : "");
}

/** A small amount keeps the digits that make it one. */
function exactToken(units) {
  if (units === null || units === undefined) return "unknown";
  const value = BigInt(units);
  const fraction = (value % ONE).toString().padStart(18, "0").replace(/0+$/, "");
  return grouped((value / ONE).toString()) + (fraction ? "." + fraction : "");
}

/** "0.294900000000000000" as "29.49 %". */
function percent(ratio, digits = 2) {
  if (ratio === null || ratio === undefined) return "–";
  const [whole, fraction] = ratio.split(".");
  const shifted = BigInt(whole + fraction.slice(0, 2)).toString();
  return `${shifted}.${fraction.slice(2, 2 + digits)} %`;
}

/** "4.000000000000000000" as "$4.00". */
function dollars(usd, digits = 2) {
  const [whole, fraction] = usd.split(".");
  return `$${grouped(whole)}.${fraction.slice(0, digits)}`;
}

const integer = (value) => (value === null ? "unknown" : grouped(String(value)));

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "unknown";
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${grouped(String(Math.floor(seconds / 86400)))} days`;
}

const time = (text) => text.replace("T", " ").replace("Z", " UTC");

// ---- asking

/** What the API said last to each question, and its tag. */
const held = new Map();

class Refusal extends Error {
  constructor(problem) {
    super(problem.detail || "The API refused.");
    this.kind = String(problem.type || "").split(":").pop();
  }
}

/** The answer, and whether it is another than the one before. */
async function ask(path) {
  const before = held.get(path);
  const headers = before?.tag ? { "If-None-Match": before.tag } : {};
  const response = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(10000) });
  if (response.status === 304) return { body: before.body, isNew: false };
  const body = await response.json();
  if (!response.ok) throw new Refusal(body);
  held.set(path, { body, tag: response.headers.get("etag") });
  return { body, isNew: true };
}

// ---- how things stand

function notice(title, text, isBad = false, part = null) {
  $("notice").hidden = title === null;
  $("notice").classList.toggle("bad", isBad);
  show("notice-title", title ?? "");
  show("notice-text", text ?? "");
  const progress = $("notice-progress");
  progress.hidden = part === null;
  if (part !== null) progress.value = part;
}

function pill(state) {
  show("sync", state);
  $("sync").className = `pill ${state.replace(" ", "-")}`;
}

function drawStatus(status) {
  document.body.classList.remove("stale");
  const cursor = status.as_of;
  show("lag", duration(status.lag_seconds));
  show("block", cursor ? integer(cursor.block_number) : "–");
  show("finality", finalityText(status));
  if (status.deployment) {
    show("chain", `Chain ${status.deployment.chain_id}, from block ${integer(status.deployment.start_block)} on`);
    show("policy", `Policy: ${status.deployment.policy.replaceAll("_", " ")}.`);
  }
  if (!cursor) return drawNeverSynced(status);
  pill(status.sync);
  if (status.halted) return notice("The indexer has halted.", `${sentence(status.halted)} What is shown is of block ${integer(cursor.block_number)}.`, true);
  if (status.fork_suspected) return notice("A fork is suspected.", status.fork_suspected);
  if (status.sync === "behind") return drawBehind(status, cursor.block_number);
  if (status.failing) return notice("The indexer's last step failed.", status.failing);
  notice(null);
}

const sentence = (text) => text.replace(/\.?$/, ".");

function finalityText(status) {
  if (!status.as_of || status.finalized === null) return "–";
  return `final to ${integer(status.finalized)}`;
}

function drawNeverSynced(status) {
  pill("never synced");
  const why = status.halted || status.failing || "The indexer has not stored a block yet. This page fills itself when it does.";
  notice("Nothing is stored yet.", why, Boolean(status.halted || status.failing));
}

function drawBehind(status, block) {
  const silent = status.observed_seconds_ago;
  if (silent > SILENT_SECONDS) return notice("The indexer is silent.", `It last heard from its node ${duration(silent)} ago. What is shown is of block ${integer(block)}.`, true);
  const head = status.head?.block_number;
  const start = status.deployment?.start_block ?? 0;
  if (head === undefined || head <= block) return notice("The state is old.", `It was confirmed ${duration(status.lag_seconds)} ago: the indexer or its node may be down.`);
  const left = status.seconds_left === null ? "" : ` About ${duration(status.seconds_left)} left.`;
  const part = (block - start) / Math.max(1, head - start);
  notice("Catching up.", `Block ${integer(block)} of ${integer(head)}.${left}`, false, part);
}

function drawUnreachable(error) {
  document.body.classList.add("stale");
  if (error instanceof Refusal) {
    pill("not ready");
    return notice("The API cannot answer all of this.", error.message, true);
  }
  pill("unreachable");
  notice("The API does not answer.", "What is shown may be old. Trying again every two seconds.", true);
}

// ---- cards

function drawSupply(body) {
  show("supply-effective", token(body.effective, 0));
  show("supply-erc20", token(body.erc20, 0));
  show("supply-circulating", token(body.circulating, 0));
  show("supply-liquid", token(body.liquid, 0));
  show("supply-holders", integer(body.holders));
  show("burned-erc20", percent(body.burned_share_of_erc20));
  show("burned-effective", percent(body.burned_share_of_effective));
  $("burned-meter").value = Number(body.burned_share_of_erc20 ?? 0);
}

function drawBurns(body) {
  show("burned-total", token(body.total.amount, 0));
  show("burned-programmatic", token(body.by_class.programmatic.amount, 0));
  show("burned-discretionary", token(body.by_class.discretionary.amount, 0));
}

function drawStaking(body) {
  show("staked-total", token(body.staked, 0));
  show("staked-ratio", percent(body.staking_ratio));
  show("staked-locked", `${token(body.locked, 0)} (${percent(body.lock_ratio, 1)})`);
  show("staked-cooling", token(body.cooling, 0));
  show("staked-stakers", integer(body.stakers));
  $("staked-meter").value = Number(body.staking_ratio ?? 0);
}

function drawDiem(body) {
  show("diem-supply", token(body.supply));
  show("diem-staked", `${token(body.staked)} (${percent(body.staked_ratio, 1)})`);
  show("diem-dollars", `up to $${token(body.staked)}`);
  show("diem-rate", token(body.mint_rate));
  show("diem-remaining", body.remaining === null ? "unknown" : `${token(body.remaining, 0)} DIEM`);
  $("diem-meter").value = Number(body.staked_ratio ?? 0);
}

const CARDS = [["/v1/supply", drawSupply], ["/v1/burns", drawBurns], ["/v1/staking", drawStaking], ["/v1/diem", drawDiem]];

// ---- epoch

let closesAt = null;

function setEpoch(epoch, blockTime) {
  // The block's time, not this machine's, says how much is left; from there on this machine only counts.
  closesAt = { remaining: epoch.seconds_remaining, since: performance.now(), blockTime };
  show("epoch-id", epoch.id);
}

function drawCountdown() {
  if (!closesAt) return;
  const left = Math.max(0, closesAt.remaining - Math.floor((performance.now() - closesAt.since) / 1000));
  const two = (value) => String(value).padStart(2, "0");
  show("countdown", `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`);
  $("epoch-progress").value = 86400 - left;
}

// ---- table

const table = { order: "allocation", pages: 0, next: null };

const tablePath = () => `/v1/capacity?order=${table.order}&limit=${PAGE_ROWS}`;

function cell(text, name) {
  const node = document.createElement("td");
  node.textContent = text;
  if (name) { node.dataset.name = name; node.className = "right"; }
  return node;
}

function row(item) {
  const address = cell("");
  address.className = "address";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = item.address;
  button.title = "Look up";
  button.addEventListener("click", () => { $("address").value = item.address; lookUp(item.address); });
  address.append(button);
  if (item.label) {
    const label = document.createElement("span");
    label.className = "label";
    label.textContent = item.label;
    address.append(label);
  }
  const node = document.createElement("tr");
  node.append(address, cell(dollars(item.allocation_usd), "Allocation"), cell(token(item.staked, 4), "DIEM"),
    cell(token(item.svvv), "sVVV"), cell(percent(item.share, 4), "Share"));
  return node;
}

function drawRows(body, isFirst) {
  const rows = body.items.map(row);
  if (isFirst && rows.length === 0) {
    const empty = cell("Nobody has staked yet.");
    empty.colSpan = 5;
    empty.className = "empty";
    const only = document.createElement("tr");
    only.append(empty);
    rows.push(only);
  }
  if (isFirst) $("items").replaceChildren(...rows); else $("items").append(...rows);
  table.pages = isFirst ? 1 : table.pages + 1;
  table.next = body.next_cursor;
  $("more").hidden = body.next_cursor === null;
  show("rows", `${integer(body.rows)} addresses at block ${integer(body.as_of.block_number)}`);
  $("pinned").hidden = table.pages === 1;
  show("pinned", `The list keeps to block ${integer(body.as_of.block_number)}; choose an order to begin again.`);
}

async function refreshTable() {
  const { body, isNew } = await ask(tablePath());
  if (isNew) setEpoch(body.epoch, body.as_of.block_timestamp);
  if (isNew && table.pages <= 1 && !$("items").contains(document.activeElement)) drawRows(body, true);
}

async function showMore() {
  const button = $("more");
  button.disabled = true;
  try {
    const response = await fetch(`${tablePath()}&cursor=${table.next}`);
    const body = await response.json();
    if (response.status === 410) return startTable();
    if (!response.ok) throw new Refusal(body);
    drawRows(body, false);
  } catch (error) {
    drawUnreachable(error);
  } finally {
    button.disabled = false;
  }
}

function startTable() {
  table.pages = 0;
  held.delete(tablePath());
  return refreshTable().catch(drawUnreachable);
}

// ---- look-up

function pair(name, value) {
  const group = document.createElement("div");
  const term = document.createElement("dt");
  const text = document.createElement("dd");
  term.textContent = name;
  text.textContent = value;
  group.append(term, text);
  return group;
}

function drawFound(body) {
  const title = document.createElement("strong");
  title.className = "address";
  title.textContent = body.label ? `${body.address} – ${body.label}` : body.address;
  const cooling = (part) => (part.cooling === "0" ? "nothing" :
    `${exactToken(part.cooling)}, ${part.cooling_ends_at ? `until ${time(part.cooling_ends_at)}` : "until nobody knows when"}`);
  const list = document.createElement("dl");
  list.append(
    pair("Allocation this epoch", dollars(body.entitlement.allocation_usd, 6)),
    pair("Next epoch, if nothing changes", dollars(body.entitlement.next_allocation_usd, 6)),
    pair("DIEM staked", exactToken(body.diem.staked)),
    pair("DIEM liquid", exactToken(body.diem.liquid)),
    pair("DIEM cooling", cooling(body.diem)),
    pair("DIEM minted, outstanding", exactToken(body.diem.outstanding)),
    pair("sVVV", exactToken(body.stake.svvv)),
    pair("sVVV locked", exactToken(body.stake.locked)),
    pair("VVV cooling", cooling(body.stake)),
    pair("Share of sVVV", percent(body.stake.share, 6)),
    pair("Pro member", body.gates.pro ? "yes" : "no"),
    pair("As of block", integer(body.as_of.block_number)),
  );
  $("found").replaceChildren(title, list);
}

async function lookUp(text) {
  const region = $("found");
  const address = text.trim();
  region.hidden = address === "";
  if (address === "") return;
  try {
    drawFound((await ask(`/v1/entitlements/${encodeURIComponent(address)}`)).body);
  } catch (error) {
    region.textContent = error instanceof Refusal ? error.message : "The API does not answer.";
  }
}

// ---- the round

/** Asks everything at once. The status says how things stand; a figure that fails alone speaks for itself. */
async function round() {
  const figures = [refreshTable(), ...CARDS.map(async ([path, draw]) => {
    const { body, isNew } = await ask(path);
    if (isNew) draw(body);
  })];
  const [status, ...rest] = await Promise.allSettled([ask("/v1/status"), ...figures]);
  if (status.status === "rejected") return drawUnreachable(status.reason);
  drawStatus(status.value.body);
  const failed = rest.find((figure) => figure.status === "rejected");
  if (failed && status.value.body.as_of) drawUnreachable(failed.reason);
}

async function rounds() {
  if (!document.hidden) await round();
  setTimeout(rounds, REFRESH_MS);
}

$("search").addEventListener("submit", (event) => { event.preventDefault(); lookUp($("address").value); });
$("order").addEventListener("change", () => { table.order = $("order").value; startTable(); });
$("more").addEventListener("click", showMore);
setInterval(drawCountdown, 250);
rounds();
