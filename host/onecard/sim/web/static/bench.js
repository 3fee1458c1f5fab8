// The page: draws what the server tells, sends what people do as command lines of the desk.
import { Buzzer } from "./sound.js";
import { KINDS, SCENES, TEXTS, WORDS } from "./texts.js";

const MOST_LINES = 100;
const DRAG_PIXELS = 6; // less is a click
const RETRY_MS = 1000;
const find = (id) => document.getElementById(id);
const buzzer = new Buzzer();
let words = TEXTS.en;
let isChinese = false;
let socket = null;
let hello = null;
let state = null;
let drag = null; // {name, element, copy, x, y, isMoved, isOver}
const lines = [];

// -- the wire ----------------------------------------------------------------------------------

function connect() {
  socket = new WebSocket(`ws://${location.host}/bench`);
  socket.onmessage = (event) => take(JSON.parse(event.data));
  socket.onopen = () => { find("chip-line").hidden = true; };
  socket.onclose = () => {
    find("chip-line").hidden = false;
    buzzer.stop();
    setTimeout(connect, RETRY_MS);
  };
}

function say(line) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ line }));
}

function take(message) {
  if (message.type === "hello") {
    hello = message;
    lines.length = 0;
    build();
  } else if (message.type === "state") {
    if (state?.on && !message.on) buzzer.stop();
    state = message;
    lines.push(...message.log);
    lines.splice(0, lines.length - MOST_LINES);
    show();
  } else if (message.type === "buzzer") {
    buzzer.play(message.edges);
    find("buzzer").classList.toggle("on", message.edges.at(-1)[1] === 1);
  } else if (message.type === "refused") {
    lines.push({ event: "error", text: message.text });
    showLog();
  }
}

// -- what does not change ------------------------------------------------------------------------

function build() {
  find("keypad").replaceChildren(...hello.keys.map((key) => {
    const made = button("", () => say(`key ${key}`));
    made.dataset.key = key;
    made.className = /^f\d$/.test(key) ? "f" : key;
    return made;
  }));
  find("codes").replaceChildren(...Object.entries(hello.codes).map(([name]) => {
    const made = button("", () => say(`scan ${name}`));
    made.dataset.code = name;
    return made;
  }));
  speak();
}

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}

function pick(pair) {
  return pair[isChinese ? 0 : 1];
}

function speak() {
  words = TEXTS[isChinese ? "zh" : "en"];
  document.documentElement.lang = isChinese ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = words[element.dataset.text];
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", words[element.dataset.label]);
  }
  find("language").textContent = words.other;
  if (hello === null) return;
  const about = hello.about;
  find("title").textContent = `${about.merchant || "OneCard"} · ${isChinese ? SCENES[about.scene] : about.scene} · ${about.terminal}`;
  find("title").title = `${about.board}, ${about.link}`;
  for (const key of find("keypad").children) {
    key.textContent = words[key.dataset.key] ?? key.dataset.key.toUpperCase();
  }
  for (const code of find("codes").children) code.textContent = pick(hello.codes[code.dataset.code]);
  if (state !== null) show();
}

// -- what does -----------------------------------------------------------------------------------

function show() {
  drawScreen();
  chip("chip-power", state.on ? words.is_on : words.is_off, state.on);
  const host = state.host ? words.host_there : state.plugged ? words.host_looking : words.host_gone;
  chip("chip-host", host, state.host);
  find("power").textContent = state.on ? words.power_off : words.power_on;
  find("host").textContent = state.plugged ? words.unplug : words.plug;
  if (!state.on) find("buzzer").classList.remove("on");
  if (drag === null) showCards();
  showLog();
}

function chip(id, text, isGood) {
  find(id).textContent = text;
  find(id).className = `chip ${isGood ? "good" : "bad"}`;
}

async function drawScreen() {
  const { number, picture, text } = state;
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  if (number !== state.number) return; // a newer one is on its way
  const canvas = find("screen");
  if (canvas.width !== image.width || canvas.height !== image.height) {
    [canvas.width, canvas.height] = [image.width, image.height];
    find("terminal").classList.toggle("large", image.width > 128);
  }
  canvas.getContext("2d").drawImage(image, 0, 0);
  canvas.setAttribute("aria-label", `${words.screen}: ${text.join(" ").trim()}`);
}

function showCards() {
  const focused = document.activeElement?.dataset?.card;
  find("cards").replaceChildren(...state.cards.map((card) => {
    const place = document.createElement("div");
    place.className = card.is_there ? "place empty" : "place";
    if (!card.is_there) place.append(cardElement(card));
    return place;
  }));
  const there = state.cards.find((card) => card.is_there);
  const hint = find("reader").querySelector("span");
  hint.hidden = there !== undefined;
  find("reader").replaceChildren(hint, ...(there ? [cardElement(there)] : []));
  find("reader").classList.toggle("taken", there !== undefined);
  if (focused) document.querySelector(`[data-card="${focused}"]`)?.focus();
}

function cardElement(card) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.card = card.name;
  made.className = card.balance === null ? "card tag" : "card";
  const money = card.balance === null ? words.no_money : `¥${(card.balance / 100).toFixed(2)}`;
  for (const [tag, kind, text] of [
    ["b", "", pick(card.title)], ["span", "note", pick(card.note)], ["span", "money", money],
  ]) {
    const part = document.createElement(tag);
    part.className = kind;
    part.textContent = text;
    made.append(part);
  }
  if (card.is_there) made.setAttribute("aria-description", words.there);
  made.addEventListener("pointerdown", (event) => beginDrag(event, card, made));
  made.addEventListener("click", (event) => {
    if (event.detail === 0) tapOnce(card.name); // by keyboard; a pointer's is told by endDrag
  });
  return made;
}

function showLog() {
  find("log").replaceChildren(...lines.map((line) => {
    const made = document.createElement("li");
    made.textContent = told(line);
    made.className = line.event;
    return made;
  }).reverse());
}

function told(line) {
  if (line.event === "record") return record(line);
  return {
    error: () => `✘ ${line.text}`,
    pulled: () => `${words.pulled} ${line.records}, ${words.left} ${line.unread}`,
    filled: () => `${words.filled} ${line.records}`,
    scan: () => `${words.scanned} ${hello.codes[line.code] ? pick(hello.codes[line.code]) : line.code}`,
    power: () => (line.on ? words.is_on : words.is_off),
    host: () => (line.plugged ? (line.is_there ? words.host_there : words.host_looking) : words.host_gone),
  }[line.event]();
}

function record(line) {
  const parts = [`#${line.seq}`, isChinese ? KINDS[line.kind] ?? line.kind : line.kind];
  if (line.time_s) parts.unshift(clock(line.time_s));
  if (line.amount !== undefined) parts.push(`¥${(line.amount / 100).toFixed(2)}`);
  for (const name of ["serial", "outcome", "what", "reason", "purpose", "way", "room", "item"]) {
    if (line[name]) parts.push(isChinese ? WORDS[line[name]] ?? line[name] : line[name]);
  }
  return parts.join("  ");
}

function clock(seconds) {
  return new Date((seconds + 8 * 3600) * 1000).toISOString().slice(11, 19); // China Standard Time
}

// -- hands -----------------------------------------------------------------------------------------

function leave() {
  const bytes = find("tear-bytes").value;
  return bytes ? ` leave=${bytes}` : "";
}

function isThere(name) {
  return state.cards.some((card) => card.name === name && card.is_there);
}

function tapOnce(name) {
  say(isThere(name) ? "remove" : `touch ${name}${leave()}`);
}

function beginDrag(event, card, element) {
  if (event.button !== 0) return;
  event.preventDefault();
  element.focus();
  element.setPointerCapture(event.pointerId);
  drag = { name: card.name, element, copy: null, x: event.clientX, y: event.clientY, isOver: card.is_there };
  element.addEventListener("pointermove", moveDrag);
  element.addEventListener("pointerup", endDrag);
  element.addEventListener("pointercancel", endDrag);
}

// A card is in the field as soon as it is over the reader, and out of it when it no longer is.
function moveDrag(event) {
  if (drag.copy === null) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < DRAG_PIXELS) return;
    drag.copy = drag.element.cloneNode(true);
    drag.copy.classList.add("dragged");
    document.body.append(drag.copy);
    drag.element.style.visibility = "hidden";
  }
  drag.copy.style.left = `${event.clientX - drag.copy.offsetWidth / 2}px`;
  drag.copy.style.top = `${event.clientY - drag.copy.offsetHeight / 2}px`;
  const area = find("reader").getBoundingClientRect();
  const isOver = event.clientX >= area.left && event.clientX <= area.right
    && event.clientY >= area.top && event.clientY <= area.bottom;
  find("reader").classList.toggle("over", isOver);
  if (isOver !== drag.isOver) say(isOver ? `tap ${drag.name}${leave()}` : "remove");
  drag.isOver = isOver;
}

function endDrag(event) {
  const { name, copy } = drag;
  drag = null;
  find("reader").classList.remove("over");
  copy?.remove();
  if (copy === null && event.type === "pointerup") tapOnce(name);
  showCards();
}

// -- everything else that can be pressed -------------------------------------------------------------

function listen() {
  find("power").addEventListener("click", () => say(state.on ? "power off" : "power on"));
  find("host").addEventListener("click", () => say(state.plugged ? "host off" : "host on"));
  find("pull").addEventListener("click", () => say("pull"));
  find("fill").addEventListener("click", () => { if (confirm(words.fill_sure)) say("fill"); });
  find("tear").addEventListener("submit", (event) => {
    event.preventDefault();
    say(`tear ${find("tear-bytes").value}`);
  });
  find("cut").addEventListener("submit", (event) => {
    event.preventDefault();
    say(`power cut=${find("cut-at").value || 1}`);
  });
  find("scan").addEventListener("submit", (event) => {
    event.preventDefault();
    say(`scan ${find("code").value}`);
    find("code").value = "";
  });
  find("sound").addEventListener("change", (event) => {
    buzzer.isWanted = event.target.checked;
    if (!buzzer.isWanted) buzzer.stop();
  });
  find("language").addEventListener("click", () => {
    isChinese = !isChinese;
    localStorage.setItem("language", isChinese ? "zh" : "en");
    speak();
  });
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => buzzer.allow());
  addEventListener("keydown", pressed);
}

// The shell's keys do the same here, unless something is being typed.
function pressed(event) {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const isButton = event.target.tagName === "BUTTON";
  const key = { Escape: "cancel", Backspace: "cancel", F1: "f1", F2: "f2", F3: "f3" }[event.key]
    ?? (/^[0-9.]$/.test(event.key) ? event.key : null)
    ?? (event.key === "Enter" && !isButton ? "confirm" : null);
  if (key === null) return;
  event.preventDefault();
  say(`key ${key}`);
}

isChinese = (localStorage.getItem("language") ?? navigator.language.slice(0, 2)) === "zh";
listen();
speak();
connect();
