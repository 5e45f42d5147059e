// Draws the pictures of an answer where a page has a place for one (docs/pictures.md):
//
//   <figure data-picture="#id of a JSON script, or an address" data-source="…"> … </figure>
//   <script type="module" id="pictures" src="pictures.js" data-drawing data-echarts data-map data-words>
//
// ECharts, the words and the base map are loaded when a figure comes near the window, and never on a
// page without one. Without this script the figure's caption and the table beside it say everything.
// Nothing here needs more than `default-src 'none'; script-src 'self'; connect-src 'self'`: PNG files
// are drawn by a canvas, not from a picture of a picture, so `img-src` stays as it is.

const OWN = document.getElementById("pictures");
/** Of a file: as the page gives it, with a mark of what is in it, or else beside this script. */
function address(name, file) {
  const given = OWN?.dataset[name];
  return new URL(given ?? file, given ? document.baseURI : import.meta.url).href;
}
const isDark = matchMedia("(prefers-color-scheme: dark)");
const NEAR = "600px";
const FILE_WIDTH = 960;

const shown = new Map(); // figure → what it shows
const loading = new Map(); // address → promise

function once(key, load) {
  if (!loading.has(key)) {
    loading.set(key, load().catch((error) => {
      loading.delete(key); // a slow line may come back: the next figure tries again
      throw error;
    }));
  }
  return loading.get(key);
}

async function json(where) {
  const answer = await fetch(where, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

const drawing = () => once("drawing", () => import(address("drawing", "pictures-drawing.js")));
const echarts = () => once("echarts", () => import(address("echarts", "echarts-6.1.0.min.js")));
const words = () => once("words", () => json(address("words", "pictures-words.json")));
const base = () => once("map", async () => {
  const [library, { baseOf }, file] = await Promise.all([echarts(), drawing(), json(address("map", "world-50m.json"))]);
  return baseOf(library, file);
});

function described(figure) {
  const where = figure.dataset.picture;
  return where.startsWith("#")
    ? JSON.parse(document.getElementById(where.slice(1)).textContent)
    : json(new URL(where, document.baseURI));
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

// ---------------------------------------------------------------- one figure

async function show(figure) {
  const language = (document.documentElement.lang || "en").slice(0, 2);
  const rtl = getComputedStyle(figure).direction === "rtl";
  const canvas = element("div", "picture-canvas");
  figure.append(canvas);
  const waiting = element("p", "picture-waiting");
  canvas.append(waiting);
  let own = { failed: "The picture could not be loaded; the table has every figure." };
  try {
    const all = await words();
    own = { ...all.en, ...all[language] };
    waiting.textContent = own.loading;
    const picture = await described(figure);
    const [library, made, map] = await Promise.all([echarts(), drawing(), picture.kind === "flow-map" ? base() : null]);
    waiting.remove();
    const one = { figure, canvas, picture, library, made, map, rtl, write: made.writerOf(language, own, rtl), focus: "", zoom: 1 };
    build(one);
    shown.set(figure, one);
    draw(one);
    figure.dataset.drawn = one.picture.kind;
  } catch (error) {
    waiting.textContent = own.failed;
    figure.dataset.drawn = "failed";
    console.error("picture", error.message);
  }
}

/** What stands around the drawing: choice, zoom, files, the line that says a point, notes. */
function build(one) {
  const { figure, canvas, picture, made, write } = one;
  const tools = element("div", "picture-tools");
  const countries = made.countriesOf(picture);
  if (countries.length > 4) tools.append(chooser(one, countries));
  if (picture.kind === "flow-map") {
    for (const [sign, factor, name] of [["+", 1.5, "closer"], ["−", 1 / 1.5, "farther"]]) {
      const button = element("button", "quiet", sign);
      button.type = "button";
      button.setAttribute("aria-label", write.say(name));
      button.addEventListener("click", () => {
        one.zoom = Math.min(40, Math.max(1, one.zoom * factor));
        // Only then is there something to drag, and a finger on the map scrolls the page before.
        one.chart?.setOption({ geo: { zoom: one.zoom, roam: one.zoom > 1 && "move" } });
      });
      tools.append(button);
    }
  }
  for (const [form, save] of [["SVG", saveSvg], ["PNG", savePng]]) {
    const button = element("button", "quiet", form);
    button.type = "button";
    button.dataset.form = form.toLowerCase();
    button.setAttribute("aria-label", write.say("download", { form }));
    button.addEventListener("click", () => save(one));
    tools.append(button);
  }
  one.said = element("p", "picture-said");
  one.said.setAttribute("role", "status");
  one.key = element("p", "picture-key");
  one.notes = element("ul", "picture-notes");
  canvas.before(tools);
  canvas.after(one.key, one.said, one.notes);
  one.place = element("div", "picture-drawing");
  one.place.tabIndex = 0;
  one.place.setAttribute("role", "application");
  one.place.setAttribute("aria-label", `${picture.title}. ${write.say("keys")}`);
  one.place.addEventListener("keydown", (event) => walk(one, event));
  one.place.addEventListener("blur", () => one.chart?.dispatchAction({ type: "hideTip" }));
  canvas.append(one.place);
  new ResizeObserver(() => {
    if (Math.abs(canvas.clientWidth - one.width) > 1) draw(one);
  }).observe(canvas);
}

function chooser(one, countries) {
  const { write } = one;
  const label = element("label", "picture-choice", `${write.say("country")} `);
  const select = element("select");
  select.append(new Option(write.say("all"), ""));
  for (const [code, name] of countries) select.append(new Option(name, code));
  select.addEventListener("change", () => {
    one.focus = select.value;
    one.zoom = 1;
    draw(one);
  });
  label.append(select);
  return label;
}

function around(one, width, look) {
  const { write, rtl, map, focus, zoom } = one;
  return { write, rtl, base: map, focus, zoom, width, look };
}

function draw(one) {
  const { canvas, picture, library, made } = one;
  one.width = canvas.clientWidth;
  if (one.width === 0) return; // hidden: the observer tells when it is not
  const look = isDark.matches && !one.printing ? made.DARK : made.LIGHT;
  const { option, height, stops, notes, marks } = made.drawingOf(picture, around(one, one.width, look));
  one.place.style.height = `${height}px`;
  if (one.chart) one.chart.resize({ width: one.width, height });
  else {
    one.chart = library.init(one.place, null, { renderer: "svg", width: one.width, height });
    one.chart.on("click", ({ data }) => data?.said && (one.said.textContent = data.said));
  }
  one.chart.setOption(option, { notMerge: true });
  one.stops = stops;
  one.at = -1;
  one.said.textContent = "";
  key(one, look, marks);
  one.notes.replaceChildren(...[...made.asideOf(picture, one.write, one.rtl), ...notes].map((text) => element("li", "", text)));
}

/** What filled, hatched and dashed mean, with samples; only of those that there are. */
function key(one, look, marks) {
  const isFlow = one.picture.kind === "flow-map" || one.picture.kind === "sankey";
  const isPoint = one.picture.kind === "lines" || one.picture.within === "lines" || !one.picture.from_zero;
  const colour = look.series[0];
  const sample = (children) => {
    const svg = svgElement("svg", { width: 30, height: 14, viewBox: "0 0 30 14", "aria-hidden": "true" });
    svg.append(...children);
    return svg;
  };
  const rect = (more) => svgElement("rect", { x: 1, y: 2, width: 28, height: 10, ...more });
  const stroke = (d, more) => svgElement("path", { d, fill: "none", ...more });
  const entries = [];
  const add = (name, children) => {
    const entry = element("span");
    entry.append(sample(children), ` ${one.write.say(name)}`);
    entries.push(entry);
  };
  if (marks.has("A")) add("reliable", [isPoint ? svgElement("circle", { cx: 15, cy: 7, r: 5, fill: colour }) : rect({ fill: colour })]);
  if (marks.has("E")) {
    const shape = isPoint
      ? [stroke("M9 7L15 1L21 7L15 13Z", { stroke: colour, "stroke-width": 2 })]
      : one.picture.kind === "flow-map"
        ? [stroke("M1 7H29", { stroke: colour, "stroke-width": 6, "stroke-dasharray": "6 4" })]
        : one.picture.kind === "sankey"
          ? [rect({ fill: colour, "fill-opacity": 0.28, stroke: look.ink, "stroke-dasharray": "4 3" })]
          : [rect({ fill: "none", stroke: colour, "stroke-width": 1.5 }), stroke("M1 12L11 2M9 12L19 2M17 12L27 2", { stroke: colour })];
    add("caution", shape);
  }
  if (marks.has("F") && one.picture.kind !== "sankey") {
    add("only-interval", [stroke("M2 7H28", { stroke: look.faint, "stroke-width": 1.3, "stroke-dasharray": isFlow ? "2 4" : "4 3" })]);
  }
  one.key.replaceChildren(...entries);
}

function svgElement(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key_, value] of Object.entries(attributes)) made.setAttribute(key_, value);
  return made;
}

/** Arrow keys go from point to point; what a point says is read out. */
function walk(one, event) {
  if (!one.chart) return;
  const last = one.stops.length - 1;
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  if (event.key === "Escape") one.chart.dispatchAction({ type: "hideTip" });
  const step = steps[event.key];
  if (step === undefined || last < 0) return;
  event.preventDefault();
  const turned = one.rtl && (event.key === "ArrowRight" || event.key === "ArrowLeft") ? -step : step;
  one.at = Math.min(last, Math.max(0, one.at + turned));
  const stop = one.stops[one.at];
  one.said.textContent = stop.said;
  one.chart.dispatchAction({ type: "downplay" });
  const where = { seriesIndex: stop.series, dataIndex: stop.index, ...(stop.edge ? { dataType: "edge" } : {}) };
  one.chart.dispatchAction({ type: "highlight", ...where });
  one.chart.dispatchAction({ type: "showTip", ...where });
}

// ---------------------------------------------------------------- files

/** Lines of text around the drawing of a file: title above; key, notes, source below. */
function texts(one, { notes, marks }, pen) {
  const { picture, write, figure, made } = one;
  const wrap = (text, size, weight = 400) => {
    pen.font = `${weight} ${size}px system-ui, "Noto Sans", "Noto Sans Arabic", "DejaVu Sans", sans-serif`;
    const lines = [""];
    for (const word of text.split(/\s+/)) {
      const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
      if (lines.at(-1) && pen.measureText(longer).width > FILE_WIDTH - 48) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return lines.map((line) => ({ line, size, weight }));
  };
  const title = figure.querySelector("figcaption")?.textContent.trim() || picture.title;
  const meaning = [write.say("shown-with")];
  if (marks.has("E")) meaning.push(write.say("file-caution"));
  if (marks.has("F")) meaning.push(write.say("file-uncertain"));
  if (one.focus) {
    const chosen = made.countriesOf(picture).find(([code]) => code === one.focus);
    meaning.unshift(`${write.say("country")}: ${chosen[1]}.`);
  }
  const below = [meaning.join(" "), ...made.asideOf(picture, write, one.rtl), ...notes, figure.dataset.source ?? ""];
  return {
    above: wrap(title, 18, 600),
    below: below.filter(Boolean).flatMap((text) => wrap(text, 12)),
  };
}

/** A drawing for a file: always in light colours, as wide as a page of a report. */
function forFile(one, renderer) {
  const { picture, library, made } = one;
  const drawn = made.drawingOf(picture, { ...around(one, FILE_WIDTH - 48, made.LIGHT), file: true });
  const pen = document.createElement("canvas").getContext("2d");
  const { above, below } = texts(one, drawn, pen);
  const chart = library.init(renderer === "svg" ? null : document.createElement("canvas"), null, {
    renderer, width: FILE_WIDTH - 48, height: drawn.height, devicePixelRatio: 2, ...(renderer === "svg" ? { ssr: true } : {}),
  });
  chart.setOption(drawn.option);
  const top = 20 + above.length * 24;
  return { chart, above, below, top, height: drawn.height, whole: top + drawn.height + 24 + below.length * 17 };
}

function saveSvg(one) {
  const { chart, above, below, top, height, whole } = forFile(one, "svg");
  const inner = chart.renderToSVGString();
  chart.dispose();
  const texts_ = [];
  const edge = one.rtl ? FILE_WIDTH - 24 : 24;
  const put = ({ line, size, weight }, y) => {
    const text = svgElement("text", {
      x: edge, y, "font-size": size, "font-weight": weight, fill: "#17212b",
      "font-family": "system-ui, 'Noto Sans', 'Noto Sans Arabic', 'DejaVu Sans', sans-serif",
      direction: one.rtl ? "rtl" : "ltr", "text-anchor": "start",
    });
    text.textContent = line;
    texts_.push(new XMLSerializer().serializeToString(text));
  };
  above.forEach((line, i) => put(line, 28 + i * 24));
  below.forEach((line, i) => put(line, top + height + 22 + i * 17));
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${FILE_WIDTH}" height="${whole}" viewBox="0 0 ${FILE_WIDTH} ${whole}">` +
    `<rect width="100%" height="100%" fill="#ffffff"/>${texts_.join("")}${inner.replace(/^<svg /, `<svg x="24" y="${top}" `)}</svg>\n`;
  save(new Blob([svg], { type: "image/svg+xml" }), one, "svg");
}

function savePng(one) {
  const { chart, above, below, top, height, whole } = forFile(one, "canvas");
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [FILE_WIDTH * 2, whole * 2];
  const pen = sheet.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, FILE_WIDTH, whole);
  pen.drawImage(chart.renderToCanvas({ pixelRatio: 2 }), 24, top, FILE_WIDTH - 48, height);
  chart.dispose();
  pen.fillStyle = "#17212b";
  pen.direction = one.rtl ? "rtl" : "ltr";
  pen.textAlign = "start";
  const put = ({ line, size, weight }, y) => {
    pen.font = `${weight} ${size}px system-ui, "Noto Sans", "Noto Sans Arabic", "DejaVu Sans", sans-serif`;
    pen.fillText(line, one.rtl ? FILE_WIDTH - 24 : 24, y);
  };
  above.forEach((line, i) => put(line, 28 + i * 24));
  below.forEach((line, i) => put(line, top + height + 22 + i * 17));
  sheet.toBlob((blob) => save(blob, one, "png"), "image/png");
}

function save(blob, one, ending) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  const name = one.picture.title.normalize("NFKD").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60).replace(/^-|-$/g, "");
  link.download = `${name}-${one.picture.kind}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// ---------------------------------------------------------------- the page

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      show(target);
    }
  },
  { rootMargin: NEAR },
);

function watch() {
  for (const figure of document.querySelectorAll("figure[data-picture]:not([data-seen])")) {
    figure.dataset.seen = "";
    watcher.observe(figure);
  }
  for (const [figure, one] of shown) {
    if (figure.isConnected) continue;
    one.chart?.dispose();
    shown.delete(figure);
  }
}

function again(changes) {
  for (const one of shown.values()) {
    Object.assign(one, changes);
    draw(one);
  }
}

isDark.addEventListener("change", () => again({}));
addEventListener("beforeprint", () => again({ printing: true }));
addEventListener("afterprint", () => again({ printing: false }));
document.addEventListener("htmx:afterSettle", watch);
watch();
