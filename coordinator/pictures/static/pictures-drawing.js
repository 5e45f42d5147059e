// Turns the neutral description of a picture (docs/pictures.md) into an option of ECharts.
//
//   drawingOf(picture, around) → { option, height, stops, notes, marks }
//
// Pure: it looks at no document. Uncertainty is told by shape and words, never by colour alone:
//
//   reliable             filled
//   use with caution     hatched, or hollow where there is no room for stripes, or dashed
//   too uncertain        its interval only: a thin dashed line; the description has no value
//
// `stops` are the points in reading order, for keys and for touch: where each lies in the option, and
// what it says. `marks` are the letters of reliability that were drawn.

export const LIGHT = {
  sheet: "#ffffff", ink: "#17212b", faint: "#4c5a67", edge: "#c3ccd4", land: "#e3e8ec",
  reached: "#cfdfe8", coast: "#ffffff", dispute: "#71808e",
  series: ["#14607f", "#b4590d", "#6a4c93", "#2c7a4b"],
};
export const DARK = {
  sheet: "#1b232b", ink: "#e8edf1", faint: "#a9b6c2", edge: "#3a4753", land: "#2c3640",
  reached: "#34505f", coast: "#1b232b", dispute: "#8796a4",
  series: ["#6fc3e8", "#f2a65a", "#c3a6e8", "#7fd6a0"],
};
const DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3]];
// ECharts writes it into attributes of SVG files as it stands: no double quotes.
const FONT = "system-ui, 'Noto Sans', 'Noto Sans Arabic', 'DejaVu Sans', sans-serif";
const MOST_FLOWS = 120; // of a map: more hide the land and each other
const MOST_HAIRLINES = 60;
const MOST_LINKS = 60; // of a Sankey diagram
const WIDEST = 13;
const MOST_ASIDE = 6;

// ---------------------------------------------------------------- words and numbers

/** Writes numbers, intervals and points in one language; `a ± b` stays that in every script. */
export function writerOf(language, words, rtl = false) {
  const tag = `${language === "en" ? "en-GB" : language}-u-nu-latn`;
  const plain = (value, digits) =>
    new Intl.NumberFormat(tag, { minimumFractionDigits: digits, maximumFractionDigits: digits })
      .format(value === 0 ? 0 : value);
  const say = (name, values = {}) =>
    (words[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

  function number(value, margin, isShare) {
    const shift = isShare ? 100 : 1;
    const digits = digitsOf(margin * shift);
    return plain(value * shift, digits) + (isShare ? "\u00a0%" : "");
  }
  function interval(low, high, isShare) {
    const shift = isShare ? 100 : 1;
    const digits = digitsOf(((high - low) / 2) * shift);
    const step = 10 ** digits;
    const down = Math.floor(low * shift * step + 1e-9) / step;
    const up = Math.ceil(high * shift * step - 1e-9) / step;
    const unit = isShare ? "\u00a0%" : "";
    return say("interval", { low: plain(down, digits) + unit, high: plain(up, digits) + unit });
  }
  /** What may be quoted of a point, as the tables write it. */
  function figure(point, isShare = false) {
    if (point.value === null) {
      if (point.low === null || point.high === null) return say("none");
      return `${interval(point.low, point.high, isShare)} (${say("uncertain")})`;
    }
    const mark = point.mark === "E" ? ` (${say("caution")})` : "";
    if (point.margin === null) {
      if (point.low === null || point.high === null) return number(point.value, 1, isShare) + mark;
      const half = (point.high - point.low) / 2;
      return `${number(point.value, half, isShare)} (${interval(point.low, point.high, isShare)})${mark}`;
    }
    const digits = digitsOf(point.margin);
    const up = Math.ceil(point.margin * 10 ** digits - 1e-9) / 10 ** digits;
    const both = `${number(point.value, point.margin, isShare)} ± ${plain(up, digits)}`;
    return (rtl ? `\u2066${both}\u2069` : both) + mark;
  }
  const axis = (value) =>
    new Intl.NumberFormat(tag, { maximumFractionDigits: 2, notation: Math.abs(value) >= 1e6 ? "compact" : "standard" })
      .format(value);
  return { say, figure, axis, count: (value) => plain(value, 0) };
}

const digitsOf = (margin) => (margin >= 10 ? 0 : margin >= 1 ? 1 : 2);

/** The points of a description, one by one. */
export function rowsOf({ at, value, low, high, margin, mark }) {
  return at.map((place, i) => ({
    at: place, value: value[i], low: low[i], high: high[i], margin: margin[i], mark: mark[i],
  }));
}

// ---------------------------------------------------------------- all kinds

/**
 * @param picture the description.
 * @param around write, look, width, rtl; of flows also focus (a country's code or ""), file (whether
 *   the drawing is for one, where nobody can choose); of a flow map also base, zoom.
 */
export function drawingOf(picture, around) {
  const points = rowsOf(picture.points);
  const kinds = {
    bars, lines, pyramid, sankey, "flow-map": flowMap, multiples,
  };
  const drawing = kinds[picture.kind](picture, points, around);
  const { look, write } = around;
  drawing.option = {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: FONT, fontSize: 13, color: look.ink },
    tooltip: tooltip(look),
    ...drawing.option,
  };
  drawing.marks ??= new Set(picture.points.mark);
  drawing.notes = [...(drawing.notes ?? []), ...notesOf(picture, write)];
  return drawing;
}

function tooltip(look) {
  return {
    trigger: "item", confine: true, transitionDuration: 0, className: "picture-tip",
    backgroundColor: look.sheet, borderColor: look.edge, textStyle: { color: look.ink, fontSize: 13 },
    // A node, not markup: labels are never read as HTML, and no style attribute meets the policy.
    formatter: ({ data }) => {
      const tip = document.createElement("div");
      tip.textContent = data?.said ?? "";
      return data?.said ? tip : "";
    },
  };
}

const isShare = (picture) => picture.measure === "share" || picture.measure === "relative";

/** Labels of a point's place on some axes, as one; an axis of several has `a | b` for a label. */
function named(axes, at, rtl) {
  const names = axes.flatMap(({ name }) => name.split(" × "));
  const isJourney = /^(recruited_in|transit_in|leg_from)/.test(names[0]) &&
    names.slice(1).every((name) => /^(transit_in|exploited_in|leg_to)/.test(name));
  const labels = at.flatMap((place, i) => axes[i].labels[place].split(" | "));
  // Each in its own direction; without a letter (48+) from left to right.
  const apart = rtl ? labels.map((label) => `${/\p{L}/u.test(label) ? "\u2068" : "\u2066"}${label}\u2069`) : labels;
  return directed(apart.join(isJourney ? " → " : " · "), rtl);
}

/** An arrow points where reading goes, whatever scripts the names around it are in. */
const directed = (text, rtl) => (rtl ? `\u2067${text.replaceAll("→", "←")}\u2069` : text);

function notesOf(picture, write) {
  const notes = [];
  const drawn = picture.points.at.length + picture.aside.at.length;
  if (picture.kind === "bars" && drawn < picture.cells) {
    notes.push(write.say("largest", { shown: write.count(drawn), all: write.count(picture.cells) }));
  }
  for (const note of picture.notes) notes.push(write.say(`note-${note}`));
  notes.push(...picture.words);
  return notes;
}

/** What has no place in the drawing, in words; of many only how many. */
export function asideOf(picture, write, rtl) {
  const all = rowsOf(picture.aside);
  const rows = all.length > MOST_ASIDE + 2 ? all.filter(({ value }) => value !== null).slice(0, MOST_ASIDE) : all;
  const more = all.length - rows.length;
  const last = more ? [write.say("aside-many", { count: write.count(more) })] : [];
  return [...rows.map((row) => {
    const [axes, at] = picture.kind === "sankey"
      ? [picture.axes.slice(row.at[0], row.at[0] + 2), row.at.slice(1)]
      : [picture.axes, row.at];
    return `${named(axes, at, rtl)}: ${write.figure(row, isShare(picture))}`;
  }), ...last];
}

// ---------------------------------------------------------------- shapes

const line = (x1, y1, x2, y2, stroke, more = {}) => ({
  type: "line", silent: true, shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth: 1.3, ...more },
});

/** An interval with caps; dashed where it is all that there is. */
function whisker(a, b, across, isFlat, stroke, alone) {
  const more = alone ? { lineDash: [4, 3] } : {};
  const cap = 4;
  const of = (x1, y1, x2, y2, style) =>
    isFlat ? line(x1, y1, x2, y2, stroke, style) : line(y1, x1, y2, x2, stroke, style);
  return [
    of(a, across, b, across, more),
    of(a, across - cap, a, across + cap),
    of(b, across - cap, b, across + cap),
  ];
}

/** A filled bar, or one with stripes and an edge. */
function bar(x, y, width, height, mark, colour, look) {
  const shape = { x, y, width, height };
  if (mark !== "E") return [{ type: "rect", shape, style: { fill: colour } }];
  const stripes = [];
  for (let start = -height; start < width; start += 6) {
    const [from, to] = [Math.max(0, start), Math.min(width, start + height)];
    if (to > from) {
      stripes.push(line(x + from, y + height - (from - start), x + to, y + height - (to - start), colour, { lineWidth: 1.2 }));
    }
  }
  return [
    { type: "rect", shape, style: { fill: look.sheet, stroke: colour, lineWidth: 1.5 } },
    ...stripes,
  ];
}

/** A point: filled, hollow (no evidence, or with caution). */
function dot(x, y, isHollow, isCautious, colour, look) {
  const style = isHollow ? { fill: look.sheet, stroke: colour, lineWidth: 2 } : { fill: colour };
  if (isCautious) {
    const points = [[x - 6, y], [x, y - 6], [x + 6, y], [x, y + 6]];
    return { type: "polygon", shape: { points }, style: { fill: look.sheet, stroke: colour, lineWidth: 2 } };
  }
  return { type: "circle", shape: { cx: x, cy: y, r: 5 }, style };
}

/** What a pointer meets, as high as the row: a thin bar or interval is no target for a finger. */
const target = (x, y, width, height) => ({
  type: "rect", shape: { x, y, width, height }, style: { fill: "transparent" },
});

const holdsZero = (point) => point.low <= 0 && point.high >= 0;

/** The ends of a scale that holds all intervals, at round numbers, and the step between its lines. */
function extent(points, fromZero, steps = 5) {
  const ends = points.flatMap(({ low, high, value }) => [low, high, value]).filter((x) => x !== null);
  if (fromZero) ends.push(0);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const rough = (most - least || 1) / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = power * ([1, 2, 2.5, 5].find((step) => step * power >= rough) ?? 10);
  const round = (value) => Number(value.toPrecision(12));
  return {
    min: round(Math.floor(least / interval + 1e-9) * interval),
    max: round(Math.ceil(most / interval - 1e-9) * interval) || interval,
    interval,
  };
}

function scale(look, write, share, more = {}) {
  return {
    type: "value",
    axisLabel: {
      color: look.faint, hideOverlap: true,
      formatter: (value) => (share ? `${write.axis(value * 100)}\u00a0%` : write.axis(value)),
    },
    axisLine: { show: false },
    splitLine: { lineStyle: { color: look.edge } },
    ...more,
  };
}

// ---------------------------------------------------------------- bars

function bars(picture, points, around) {
  const { write, look, width, rtl } = around;
  const share = isShare(picture);
  const names = points.map(({ at }) => named(picture.axes, at, rtl));
  const needed = Math.max(...names.map((name) => name.length)) * 7.2;
  const room = Math.min(needed, width * 0.4, 260);
  // A name that does not fit takes more lines; some are cut short at words.
  const row = needed > room ? 8 + 14 * Math.ceil((needed / room) * 1.2) : points.length > 12 ? 26 : 32;
  const series = barSeries(picture, points, names, around, 0);
  return {
    height: 64 + points.length * row,
    stops: points.map((point, index) => ({ series: 0, index, said: series.data[index].said })),
    option: {
      grid: { [rtl ? "right" : "left"]: room + 14, [rtl ? "left" : "right"]: 24, top: 8, bottom: 48, containLabel: false },
      yAxis: {
        type: "category", inverse: true, data: names, position: rtl ? "right" : "left",
        axisTick: { show: false }, axisLine: { lineStyle: { color: look.edge } },
        axisLabel: { color: look.ink, width: room, overflow: "break", lineHeight: 14, fontSize: 12, interval: 0 },
      },
      xAxis: scale(look, write, share, {
        ...extent(points, picture.from_zero, width > 480 ? 5 : 3), inverse: rtl, name: share ? "" : measure(picture, write),
        nameLocation: "middle", nameGap: 28, nameTextStyle: { color: look.faint },
      }),
      series: [series],
    },
  };
}

const measure = (picture, write) => write.say(`measure-${picture.measure}`);

/** Bars, or points where lengths say nothing, at rows 0, 1, … of a category axis. */
function barSeries(picture, points, names, { write, look }, grid, rowOf = (_, i) => i) {
  const share = isShare(picture);
  const colour = look.series[0];
  const isDifference = points.some(({ mark }) => mark === "-");
  return {
    type: "custom", xAxisIndex: grid, yAxisIndex: grid, encode: { x: [1, 2, 3], y: 0 },
    data: points.map((point, i) => ({
      value: [rowOf(point, i), point.value, point.low, point.high],
      said: `${names[i]}: ${write.figure(point, share)}`,
    })),
    renderItem(params, api) {
      const point = points[params.dataIndex];
      const row = api.value(0);
      const at = (value) => api.coord([value, row]);
      const [low, y] = at(point.low);
      const [high] = at(point.high);
      const band = api.size([0, 1])[1];
      const thick = Math.min(20, band * 0.62);
      const { x, width } = params.coordSys;
      const children = [target(x, y - band / 2, width, band)];
      if (point.value !== null) {
        const [end] = at(point.value);
        if (picture.from_zero) {
          const [zero] = at(0);
          children.push(...bar(Math.min(zero, end), y - thick / 2, Math.abs(end - zero), thick, point.mark, colour, look));
        }
        children.push(...whisker(low, high, y, true, look.ink, false));
        if (!picture.from_zero) {
          children.push(dot(end, y, isDifference && holdsZero(point), point.mark === "E", colour, look));
        }
      } else children.push(...whisker(low, high, y, true, look.faint, true));
      return { type: "group", children };
    },
  };
}

// ---------------------------------------------------------------- lines

function lines(picture, points, around) {
  const { write, look, width, rtl } = around;
  const [panel, time] = picture.axes.length > 1 ? picture.axes : [null, picture.axes[0]];
  const periods = [...new Set(points.map(({ at }) => at.at(-1)))].sort((a, b) => a - b);
  const groups = panel === null ? [points] : panel.labels.map((_, place) => points.filter(({ at }) => at[0] === place));
  const series = groups.flatMap((group, place) =>
    lineSeries(picture, group, periods, panel?.labels[place] ?? "", around, 0, place));
  return {
    height: 340,
    stops: stopsOf(series),
    option: {
      legend: panel === null ? undefined : {
        top: 0, data: panel.labels, textStyle: { color: look.ink }, itemWidth: 34, selectedMode: false,
        formatter: (name) => name,
      },
      grid: { left: rtl ? 24 : 64, right: rtl ? 64 : 24, top: panel === null ? 16 : 40, bottom: 56 },
      xAxis: times(time, periods, look, rtl, width - 88),
      yAxis: scale(look, write, isShare(picture), {
        ...extent(points, picture.from_zero), position: rtl ? "right" : "left",
        name: width > 480 ? measure(picture, write) : "", nameLocation: "middle", nameGap: 48,
        nameTextStyle: { color: look.faint },
      }),
      series,
    },
  };
}

function times(time, periods, look, rtl, width) {
  const each = Math.ceil((periods.length * 24) / width); // labels on a slant need 24 pixels
  return {
    type: "category", data: periods.map((place) => time.labels[place]), inverse: rtl, boundaryGap: true,
    axisLabel: { color: look.faint, hideOverlap: true, interval: each - 1, rotate: periods.length > 10 ? (rtl ? -40 : 40) : 0 },
    axisLine: { lineStyle: { color: look.edge } }, axisTick: { show: false },
  };
}

/** A band of intervals, the line of what may be quoted, and its points. */
function lineSeries(picture, group, periods, name, { write, look }, grid, colourPlace) {
  const colour = look.series[colourPlace % look.series.length];
  const share = isShare(picture);
  const byPeriod = new Map(group.map((point) => [point.at.at(-1), point]));
  const row = periods.map((place) => byPeriod.get(place) ?? null);
  const time = picture.axes.at(-1);
  const on = { xAxisIndex: grid, yAxisIndex: grid };
  const band = {
    type: "custom", ...on, silent: true, tooltip: { show: false }, z: 1, data: [[0, 0]], clip: true,
    encode: { x: -1, y: -1 },
    renderItem(_, api) {
      const children = [];
      let run = [];
      const close = () => {
        if (run.length > 1) {
          const top = run.map(({ place, point }) => api.coord([place, point.high]));
          const bottom = run.map(({ place, point }) => api.coord([place, point.low])).reverse();
          children.push({ type: "polygon", silent: true, shape: { points: [...top, ...bottom] }, style: { fill: colour, opacity: 0.18 } });
        }
        run = [];
      };
      row.forEach((point, place) => {
        if (point === null) return close();
        run.push({ place, point });
        return undefined;
      });
      close();
      return { type: "group", children };
    },
  };
  const points = {
    type: "custom", name, ...on, z: 3, itemStyle: { color: colour }, encode: { x: 0, y: [1, 2] },
    data: group.map((point) => ({
      value: [periods.indexOf(point.at.at(-1)), point.low, point.high],
      said: `${name ? `${name}, ` : ""}${time.labels[point.at.at(-1)]}: ${write.figure(point, share)}`,
    })),
    renderItem(params, api) {
      const point = group[params.dataIndex];
      const place = api.value(0);
      const [x, low] = api.coord([place, point.low]);
      const [, high] = api.coord([place, point.high]);
      const children = [target(x - 12, Math.min(low, high) - 8, 24, Math.abs(high - low) + 16)];
      if (point.value === null) children.push(...whisker(low, high, x, false, look.faint, true));
      else {
        const hollow = point.mark === "-" && holdsZero(point);
        if (group.length < 9 || point.mark === "-") children.push(...whisker(low, high, x, false, colour, false));
        children.push(dot(x, api.coord([place, point.value])[1], hollow, point.mark === "E", colour, look));
      }
      return { type: "group", children };
    },
  };
  const through = {
    type: "line", name, ...on, z: 2, silent: true, symbol: "none", tooltip: { show: false }, connectNulls: false,
    lineStyle: { color: colour, width: 2.2, type: DASHES[colourPlace % DASHES.length] },
    itemStyle: { color: colour },
    data: row.map((point) => point?.value ?? null),
  };
  return [band, through, points];
}

/** The points of custom series that say something. */
function stopsOf(series) {
  return series.flatMap((one, place) =>
    (one.data ?? []).flatMap((item, index) => (item?.said ? [{ series: place, index, said: item.said }] : [])));
}

// ---------------------------------------------------------------- pyramid

function pyramid(picture, points, around) {
  const { write, look, width } = around;
  const [genders, ages] = picture.axes;
  const sides = [...new Set(points.map(({ at }) => at[0]))].sort((a, b) => a - b);
  const years = (place) => ages.bands[place][1] - ages.bands[place][0] + 1;
  const most = Math.max(...points.map(({ at, high }) => high / years(at[1])));
  const borders = [...new Set(points.flatMap(({ at }) => [ages.bands[at[1]][0], ages.bands[at[1]][1] + 1]))]
    .sort((a, b) => a - b);
  const series = sides.map((side, number) => {
    const group = points.filter(({ at }) => at[0] === side);
    const colour = look.series[number];
    const sign = number === 0 ? -1 : 1;
    return {
      type: "custom", name: genders.labels[side], itemStyle: { color: colour }, encode: { x: [2, 3], y: [0, 1] },
      data: group.map((point) => ({
        value: [ages.bands[point.at[1]][0], ages.bands[point.at[1]][1] + 1, (sign * point.low) / years(point.at[1]), (sign * point.high) / years(point.at[1])],
        said: `${genders.labels[side]}, ${ages.labels[point.at[1]]}: ${write.figure(point)}`,
      })),
      renderItem(params, api) {
        const point = group[params.dataIndex];
        const [from, to, low, high] = [0, 1, 2, 3].map((dimension) => api.value(dimension));
        const x = (amount) => api.coord([amount, from])[0];
        const [bottom, top] = [api.coord([0, from])[1] - 1.5, api.coord([0, to])[1] + 1.5];
        const middle = (bottom + top) / 2;
        const edge = sign < 0 ? params.coordSys.x : x(0);
        const span = sign < 0 ? x(0) - params.coordSys.x : params.coordSys.x + params.coordSys.width - x(0);
        const children = [target(edge, top, span, bottom - top)];
        if (point.value !== null) {
          const end = x((sign * point.value) / years(point.at[1]));
          children.push(...bar(Math.min(x(0), end), top, Math.abs(end - x(0)), bottom - top, point.mark, colour, look));
        }
        children.push(...whisker(x(low), x(high), middle, true, point.value === null ? look.faint : look.ink, point.value === null));
        return { type: "group", children };
      },
    };
  });
  return {
    height: 380,
    stops: stopsOf(series),
    notes: [write.say("pyramid")],
    option: {
      title: sides.map((side, number) => ({
        text: genders.labels[side], left: number === 0 ? "30%" : "75%", top: 0, textAlign: "center",
        textStyle: { color: look.series[number], fontSize: 14 },
      })),
      grid: { left: 48, right: 24, top: 32, bottom: 56 },
      xAxis: scale(look, write, false, {
        min: -most, max: most, name: write.say("per-year"), nameLocation: "middle", nameGap: 30,
        nameTextStyle: { color: look.faint },
        axisLabel: { color: look.faint, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: (value) => write.axis(Math.abs(value)) },
      }),
      yAxis: {
        type: "value", min: borders[0], max: borders.at(-1), name: width > 480 ? ages.label : "",
        nameLocation: "middle", nameGap: 32, nameTextStyle: { color: look.faint },
        axisLabel: { color: look.faint, customValues: borders }, axisTick: { show: true, customValues: borders },
        splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: look.edge } },
      },
      series,
    },
  };
}

// ---------------------------------------------------------------- sankey

function sankey(picture, points, around) {
  const { write, look, width, rtl, focus, file } = around;
  const last = picture.axes.length - 1;
  const quotable = points.filter(({ value }) => value !== null && value > 0);
  const wanted = focus ? quotable.filter((point) => touches(picture, point, focus)) : quotable;
  const drawn = [...wanted].sort((a, b) => b.value - a.value).slice(0, MOST_LINKS);
  const nodes = new Map();
  const node = (stage, place) => {
    const name = `${stage}:${place}`;
    if (!nodes.has(name)) nodes.set(name, { name, stage, place });
    return name;
  };
  const seen = new Map();
  const links = drawn.map((point) => {
    const [stage, from, to] = point.at;
    const [source, target_] = [node(stage, from), node(stage + 1, to)];
    if (!seen.has(from)) seen.set(from, seen.size);
    const colour = look.series[seen.get(from) % look.series.length];
    const cautious = point.mark === "E";
    return {
      // Who reads from right to left begins there: origins stand on the right.
      source: rtl ? target_ : source, target: rtl ? source : target_, value: point.value,
      said: `${named([picture.axes[stage], picture.axes[stage + 1]], [from, to], rtl)}: ${write.figure(point)}`,
      lineStyle: cautious
        ? { color: colour, opacity: 0.28, borderColor: look.ink, borderWidth: 1.2, borderType: [4, 3] }
        : { color: colour, opacity: 0.55 },
    };
  });
  const room = Math.min(150, width * 0.3);
  const data = [...nodes.values()].map(({ name, stage, place }) => {
    const isFirst = (stage === 0) !== rtl || (stage !== last && stage !== 0);
    return {
      name, depth: rtl ? last - stage : stage, itemStyle: { color: look.faint, borderWidth: 0 },
      label: {
        formatter: picture.axes[stage].labels[place], position: isFirst ? "right" : "left", width: room,
        overflow: "break", color: look.ink, fontSize: 12, lineHeight: 14,
        textBorderColor: look.sheet, textBorderWidth: 3,
      },
    };
  });
  const rows = Math.max(...picture.axes.map((_, stage) => [...nodes.values()].filter((one) => one.stage === stage).length));
  const series = [{
    type: "sankey", left: 8, right: 8, top: 12, bottom: 12, nodeGap: 10, nodeWidth: 10, draggable: false,
    layoutIterations: 32, emphasis: { focus: "adjacency" }, data, links,
  }];
  const uncertain = points.length - quotable.length;
  const notes = [write.say("sankey")];
  if (wanted.length > drawn.length) notes.push(write.say(file ? "largest" : "flows-largest", { shown: write.count(drawn.length), all: write.count(wanted.length) }));
  if (uncertain) notes.push(write.say("flows-uncertain-left", { count: write.count(uncertain) }));
  return {
    height: Math.max(300, Math.min(900, 60 + rows * 30)),
    marks: new Set(drawn.map(({ mark }) => mark)),
    stops: links.map((link, index) => ({ series: 0, index, said: link.said, edge: true })),
    notes,
    option: { series },
  };
}

/** Whether a flow begins or ends at a country (its code). */
function touches(picture, point, code) {
  const [axes, at] = picture.kind === "sankey"
    ? [picture.axes.slice(point.at[0], point.at[0] + 2), point.at.slice(1)]
    : [picture.axes, point.at];
  return at.some((place, i) => axes[i].values[place] === code);
}

/** The countries that flows touch, for a choice: code and label, those with the largest first. */
export function countriesOf(picture) {
  if (picture.kind !== "flow-map" && picture.kind !== "sankey") return [];
  const found = new Map();
  for (const point of rowsOf(picture.points)) {
    const [axes, at] = picture.kind === "sankey"
      ? [picture.axes.slice(point.at[0], point.at[0] + 2), point.at.slice(1)]
      : [picture.axes, point.at];
    if (point.value === null) continue;
    at.forEach((place, i) => found.set(axes[i].values[place], axes[i].labels[place]));
  }
  return [...found].sort(([, a], [, b]) => a.localeCompare(b));
}

// ---------------------------------------------------------------- flow map

// Equal Earth (Šavrič, Patterson & Jenny 2018): areas are true, so no country looks larger than it is.
const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
const M = Math.sqrt(3) / 2;
const DEGREE = Math.PI / 180;

export const equalEarth = {
  project([longitude, latitude]) {
    const t = Math.asin(M * Math.sin(latitude * DEGREE));
    const t2 = t * t, t6 = t2 ** 3;
    const x = (longitude * DEGREE * Math.cos(t)) / (M * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2)));
    return [x * 100, -t * (A1 + A2 * t2 + t6 * (A3 + A4 * t2)) * 100];
  },
  unproject([x, y]) {
    const wanted = -y / 100;
    let t = wanted;
    for (let i = 0; i < 12; i++) {
      const t2 = t * t, t6 = t2 ** 3;
      const step = (t * (A1 + A2 * t2 + t6 * (A3 + A4 * t2)) - wanted) / (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2));
      t -= step;
      if (Math.abs(step) < 1e-9) break;
    }
    const t2 = t * t, t6 = t2 ** 3;
    const longitude = (M * (x / 100) * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2))) / Math.cos(t);
    return [longitude / DEGREE, Math.asin(Math.sin(t) / M) / DEGREE];
  },
};

function flowMap(picture, points, around) {
  const { write, look, width, base, focus, zoom = 1, rtl, file } = around;
  const code = (point, end) => picture.axes[end].values[point.at[end]];
  const placed = points.filter((point) => base.places[code(point, 0)] && base.places[code(point, 1)]);
  const wanted = focus ? placed.filter((point) => touches(picture, point, focus)) : placed;
  const quotable = wanted.filter(({ value }) => value !== null && value > 0).sort((a, b) => b.value - a.value);
  const flows = quotable.slice(0, MOST_FLOWS);
  const doubtful = wanted.filter(({ value, high }) => value === null && high > 0).sort((a, b) => b.high - a.high);
  const hairlines = doubtful.length <= MOST_HAIRLINES ? doubtful : [];
  const most = Math.max(1e-9, ...placed.map(({ value }) => value ?? 0));
  const weight = (value) => Math.max(0.8, (WIDEST * Math.min(value, most * 1.4)) / most);
  // The smallest on top: a thin flow is not lost under a thick one.
  const drawn = [...hairlines, ...flows];
  const through = new Map();
  for (const point of drawn) {
    for (const end of [0, 1]) {
      const known = through.get(code(point, end)) ?? { label: picture.axes[end].labels[point.at[end]], sum: 0 };
      known.sum += point.value ?? 0;
      through.set(code(point, end), known);
    }
  }
  const labelled = [...through].sort(([, a], [, b]) => b.sum - a.sum);
  const ends = labelled.map(([one]) => base.places[one]);
  const height = Math.round(Math.max(300, Math.min(620, width * 0.62)));
  const series = [
    dashedBorders(base, look),
    {
      type: "custom", coordinateSystem: "geo", z: 5,
      data: drawn.map((point) => ({
        value: [...base.places[code(point, 0)], ...base.places[code(point, 1)]],
        said: `${named(picture.axes, point.at, rtl)}: ${write.figure(point)}`,
      })),
      renderItem: (params, api) => flow(drawn[params.dataIndex], api, weight, look),
    },
    {
      type: "custom", coordinateSystem: "geo", z: 8, silent: true, tooltip: { show: false },
      data: labelled.map(([one]) => base.places[one]),
      labelLayout: { hideOverlap: true },
      renderItem(params, api) {
        const [name, { label }] = labelled[params.dataIndex];
        const [x, y] = api.coord(base.places[name]);
        const isArea = name.length > 2;
        // A name goes where there is room for it: at the edge of the window it would be cut off.
        const isLeft = (rtl ? x : width - x) > label.length * 6.5 + 8 ? rtl : !rtl;
        return {
          type: isArea ? "rect" : "circle",
          shape: isArea ? { x: x - 3, y: y - 3, width: 6, height: 6 } : { cx: x, cy: y, r: 2.6 },
          style: { fill: look.ink, stroke: look.sheet, lineWidth: 1 },
          textContent: {
            style: { text: label, fill: look.ink, stroke: look.sheet, lineWidth: 3, fontSize: 11.5, fontFamily: FONT },
          },
          textConfig: { position: isLeft ? "left" : "right", distance: 4 },
        };
      },
    },
  ];
  const notes = [write.say("map")];
  if (quotable.length > flows.length) notes.push(write.say(file ? "largest" : "flows-largest", { shown: write.count(flows.length), all: write.count(quotable.length) }));
  if (doubtful.length > hairlines.length) notes.push(write.say(focus || file ? "flows-uncertain-left" : "flows-uncertain-choose", { count: write.count(doubtful.length) }));
  if (points.length > placed.length) notes.push(write.say("flows-without-place", { count: write.count(points.length - placed.length) }));
  notes.push(base.disclaimer ?? write.say("disclaimer"), write.say("base", { source: base.source ?? "" }));
  return {
    height,
    marks: new Set(drawn.map(({ mark }) => mark)),
    stops: [...drawn].map((point, index) => ({ series: 1, index, said: series[1].data[index].said }))
      .sort((a, b) => (drawn[b.index].value ?? -1) - (drawn[a.index].value ?? -1)),
    notes,
    option: {
      geo: {
        map: base.name, projection: equalEarth, silent: true, roam: zoom > 1 && "move", zoom,
        ...windowOn(ends),
        itemStyle: { areaColor: look.land, borderColor: look.coast, borderWidth: 0.6 },
        regions: labelled.map(([name]) => ({ name, itemStyle: { areaColor: look.reached } })),
        left: 0, right: 0, top: 0, bottom: 0, preserveAspect: "contain",
      },
      series,
    },
  };
}

/** The part of the world that holds all ends, with some land around it. */
function windowOn(ends) {
  if (!ends.length) return {};
  const [xs, ys] = [ends.map(([x]) => x), ends.map(([, y]) => y)];
  const pad = (low, high, least, lowest, highest) => {
    const room = Math.max(least, (high - low) * 0.14);
    return [Math.max(lowest, low - room), Math.min(highest, high + room)];
  };
  const [west, east] = pad(Math.min(...xs), Math.max(...xs), 6, -179, 179);
  const [south, north] = pad(Math.min(...ys), Math.max(...ys), 5, -58, 82);
  return { boundingCoords: [[west, north], [east, south]] };
}

function dashedBorders(base, look) {
  return {
    type: "custom", coordinateSystem: "geo", z: 3, silent: true, tooltip: { show: false },
    data: base.dashed.map((border) => border[0]),
    renderItem: (params, api) => ({
      type: "polyline", silent: true,
      shape: { points: base.dashed[params.dataIndex].map((point) => api.coord(point)) },
      style: { stroke: look.dispute, fill: "none", lineWidth: 0.9, lineDash: [3, 2.5] },
    }),
  };
}

/** One corridor: a curve from country to country, or a ring within one. */
function flow(point, api, weight, look) {
  const [x1, y1] = api.coord([api.value(0), api.value(1)]);
  const [x2, y2] = api.coord([api.value(2), api.value(3)]);
  const colour = look.series[0];
  const uncertain = point.value === null;
  const wide = uncertain ? 1 : weight(point.value);
  const domestic = x1 === x2 && y1 === y2;
  const length = Math.hypot(x2 - x1, y2 - y1);
  // Bent to the left of the way, so that a corridor and its way back are two curves.
  const bend = 0.22;
  const [cx, cy] = [(x1 + x2) / 2 + (y2 - y1) * bend, (y1 + y2) / 2 - (x2 - x1) * bend];
  // The tip stops before the country's point, and the curve before the tip.
  const [dx, dy] = [x2 - cx, y2 - cy];
  const norm = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / norm, dy / norm];
  const tip = Math.min(length * 0.35, 5 + wide * 0.6);
  const [ex, ey] = [x2 - ux * (tip + 2), y2 - uy * (tip + 2)];
  const shape = domestic
    ? { cx: x1, cy: y1 - 9, r: 9 }
    : { x1, y1, x2: ex, y2: ey, cpx1: cx, cpy1: cy };
  const type = domestic ? "circle" : "bezierCurve";
  const stroke = (style) => ({ type, shape, style: { fill: "none", ...style } });
  const children = [stroke({ stroke: colour, lineWidth: Math.max(10, wide), opacity: 0 })];
  if (uncertain) {
    children.push({ ...stroke({ stroke: look.faint, lineWidth: 1, lineDash: [2, 4] }), silent: true });
  } else {
    const halo = weight(point.high);
    const cautious = point.mark === "E";
    children.push({ ...stroke({ stroke: colour, lineWidth: domestic ? Math.min(halo, 10) : halo, opacity: 0.22 }), silent: true });
    children.push({ ...stroke({ stroke: colour, lineWidth: domestic ? Math.min(wide, 8) : wide, opacity: 0.85, ...(cautious ? { lineDash: [6, 4] } : {}) }), silent: true });
  }
  if (!domestic) {
    const half = uncertain ? 2.5 : Math.min(2.5 + wide * 0.6, Math.max(2.5, length * 0.25));
    const points = [
      [x2 - ux * 2, y2 - uy * 2],
      [ex - uy * half, ey + ux * half],
      [ex + uy * half, ey - ux * half],
    ];
    const hollow = uncertain || point.mark === "E";
    const fill = hollow ? look.sheet : colour;
    children.push({ type: "polygon", silent: true, shape: { points }, style: { fill, stroke: uncertain ? look.faint : colour, lineWidth: 1 } });
  }
  return { type: "group", children };
}

/** A base map file as a drawing needs it; registers its areas with ECharts under a name. */
export function baseOf(echarts, file) {
  const areas = echarts.featureOf(file, file.objects.areas);
  for (const area of areas.features) area.properties = { ...area.properties, name: area.id };
  const name = "corridor-base";
  echarts.registerMap(name, areas);
  return { name, places: file.places, dashed: file.dashed ?? [], source: file.source, disclaimer: file.disclaimer };
}

// ---------------------------------------------------------------- small multiples

function multiples(picture, points, around) {
  const { write, look, width, rtl } = around;
  const [panels, inner] = picture.axes;
  const shown = panels.labels.map((_, place) => place).filter((place) => points.some(({ at }) => at[0] === place));
  const isLines = picture.within === "lines";
  const columns = Math.max(1, Math.min(shown.length, Math.floor(width / (isLines ? 230 : 250)), 4));
  const rows = Math.ceil(shown.length / columns);
  const used = [...new Set(points.map(({ at }) => at[1]))].sort((a, b) => a - b);
  const names = isLines ? 0 : Math.min(Math.max(...used.map((place) => inner.labels[place].length)) * 6 + 14, 170, width * 0.36);
  const head = 30, foot = 34, gap = 16;
  const tall = isLines ? 130 : used.length * 22;
  const range = extent(points, picture.from_zero, 3);
  const step = head + tall + foot;
  // Names of bars stand once, at the first picture of each row.
  const first = isLines ? 54 : names + 12;
  const last = 16;
  const wide = isLines
    ? (width - last - gap * (columns - 1) - first * columns) / columns
    : (width - last - first - gap * (columns - 1)) / columns;
  const option = { title: [], grid: [], xAxis: [], yAxis: [], series: [] };
  shown.forEach((panel, number) => {
    const [column, row] = [number % columns, Math.floor(number / columns)];
    const start = isLines ? first + column * (wide + gap + first) : first + column * (wide + gap);
    const left = rtl ? width - start - wide : start;
    const top = row * step + head;
    const group = points.filter(({ at }) => at[0] === panel);
    option.title.push({
      text: named([panels], [panel], rtl), top: row * step + 4, left: rtl ? left + wide : left, textAlign: rtl ? "right" : "left",
      textStyle: { color: look.ink, fontSize: 12.5, fontWeight: 600, width: wide, overflow: "truncate" },
    });
    option.grid.push({ left, top, width: wide, height: tall });
    if (isLines) {
      option.xAxis.push({ ...times(inner, used, look, rtl, wide), gridIndex: number, axisLabel: { color: look.faint, fontSize: 11, hideOverlap: true } });
      option.yAxis.push(scale(look, write, isShare(picture), { ...range, gridIndex: number, position: rtl ? "right" : "left" }));
      option.series.push(...lineSeries(picture, group, used, panels.labels[panel], { ...around }, number, 0));
    } else {
      const across = scale(look, write, isShare(picture), { ...range, gridIndex: number, inverse: rtl });
      // Labels at both ends stay within their picture: the next one begins close by.
      const [begin, end] = rtl ? ["right", "left"] : ["left", "right"];
      Object.assign(across.axisLabel, { alignMinLabel: begin, alignMaxLabel: end });
      option.xAxis.push(across);
      option.yAxis.push({
        type: "category", gridIndex: number, inverse: true, data: used.map((place) => named([inner], [place], rtl)),
        position: rtl ? "right" : "left", axisTick: { show: false }, axisLine: { lineStyle: { color: look.edge } },
        axisLabel: { show: column === 0, color: look.ink, width: names, overflow: "truncate", fontSize: 11.5, interval: 0 },
      });
      const said = group.map(({ at }) => `${panels.labels[panel]}, ${named([inner], [at[1]], rtl)}`);
      option.series.push(barSeries(picture, group, said, around, number, (point) => used.indexOf(point.at[1])));
    }
  });
  return {
    height: rows * step,
    stops: stopsOf(option.series),
    notes: [write.say("multiples", { panel: panels.label })],
    option,
  };
}
