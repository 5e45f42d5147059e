// Builds, from the packages of package-lock.json, what the workbench serves of others:
//
//   echarts-6.1.0.min.js     ECharts with what the pictures need, and nothing else
//   echarts-LICENSES         of everything in that file
//   world-50m.json           the base map (its form: docs/pictures.md)
//
// Run `npm ci && npm run build` here; the same packages give the same bytes.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { difference, intersection, union } from "polyclip-ts";
import polylabel from "polylabel";
import { feature, mesh, quantize } from "topojson-client";
import { filter, filterWeight, presimplify, simplify } from "topojson-simplify";
import { topology } from "topojson-server";

const STATIC = new URL("../../coordinator/pictures/static/", import.meta.url);
const json = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url)));
const text = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const put = (name, what) => writeFileSync(new URL(name, STATIC), what);

const COARSENESS = 0.012; // square degrees of the triangles that are left out
const SMALLEST = 0.04; // square degrees of islands that are left out where a country has larger ones
const SMALL = 0.1; // square degrees of a country that keeps all its points: Liechtenstein has 0.02
const STEPS = 12000; // of a grid, on which the points lie: 3 km at the equator

const areas = json("areas.json");
const codes = json("codes.json");

// ---------------------------------------------------------------- ECharts

async function buildScript() {
  const { version } = json("node_modules/echarts/package.json");
  const made = await build({
    entryPoints: [new URL("echarts.mjs", import.meta.url).pathname],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2020",
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"', __DEV__: "false" },
    banner: { js: `/* Apache ECharts ${version} and what it needs; licences: echarts-LICENSES */` },
    metafile: true,
    write: false,
  });
  put(`echarts-${version}.min.js`, made.outputFiles[0].contents);
  const inside = new Set(
    Object.keys(made.metafile.inputs).map((path) => /node_modules\/([^/]+)/.exec(path)?.[1]),
  );
  inside.delete(undefined);
  const licences = [...inside].sort().map((name) => {
    const { version: its, license } = json(`node_modules/${name}/package.json`);
    const files = ["LICENSE", "LICENSE.txt", "NOTICE"].flatMap((file) => {
      try {
        return [text(`node_modules/${name}/${file}`).trim()];
      } catch {
        return [];
      }
    });
    return `==== ${name} ${its} (${license}) ====\n\n${files.join("\n\n")}\n`;
  });
  put("echarts-LICENSES", licences.join("\n"));
}

// ---------------------------------------------------------------- the base map

/** Every polygon of world-atlas by itself: its name or number, and the code it is drawn under. */
function polygons(world) {
  const found = [];
  for (const one of world.objects.countries.geometries) {
    const name = one.id ?? one.properties.name;
    const parts = one.type === "Polygon" ? [one.arcs] : one.arcs;
    for (const arcs of parts) {
      const [x, y] = middle(feature(world, { type: "Polygon", arcs }).geometry.coordinates[0]);
      const moved = areas.moved.find(
        ({ from, box }) => from === name && x > box[0] && y > box[1] && x < box[2] && y < box[3],
      );
      const named = areas.named[one.properties.name];
      const code = moved?.code ?? named?.[0] ?? codes[name];
      if (code === undefined) throw new Error(`no code for ${one.properties.name} (${name})`);
      found.push({ name: moved ? `moved:${code}` : name, code, arcs });
    }
  }
  for (const { from, code } of areas.moved) {
    if (!found.some(({ name }) => name === `moved:${code}`)) throw new Error(`${from}: ${code}?`);
  }
  return found;
}

function middle(ring) {
  const [xs, ys] = [ring.map(([x]) => x), ring.map(([, y]) => y)];
  return [xs, ys].map((all) => (Math.min(...all) + Math.max(...all)) / 2);
}

/** Borders of the reviewed table, and the others, as lines. */
function borders(world, parts) {
  const objects = {
    type: "GeometryCollection",
    geometries: parts.map(({ name, arcs }) => ({ type: "Polygon", arcs, id: name })),
  };
  const holds = (pair, a, b) =>
    (pair[0] === a.id && (pair[1] === "*" || pair[1] === b.id)) ||
    (pair[0] === b.id && (pair[1] === "*" || pair[1] === a.id));
  const dashed = [];
  for (const { between, box } of areas.dashed) {
    const lines = mesh(world, objects, (a, b) => a !== b && holds(between, a, b)).coordinates;
    if (!lines.length) throw new Error(`no border between ${between}`);
    dashed.push(...lines.flatMap((line) => (box ? clipped(line, box) : [line])));
  }
  return dashed;
}

/** The pieces of a line whose points lie in the box. */
function clipped(line, [west, south, east, north]) {
  const pieces = [[]];
  for (const [x, y] of line) {
    if (x >= west && x <= east && y >= south && y <= north) pieces.at(-1).push([x, y]);
    else if (pieces.at(-1).length) pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 1);
}

/** Fewer points; a ring of its own keeps enough of them to be an area, a small country all. */
function simpler(world) {
  const weighed = presimplify(world);
  const whole = world.arcs;
  const needed = new Set(world.objects.countries.geometries.filter(isSmall).flatMap(arcsOf));
  const made = simplify(weighed, COARSENESS);
  made.arcs = made.arcs.map((arc, place) => {
    const before = whole[place];
    const isRing = String(before[0].slice(0, 2)) === String(before.at(-1).slice(0, 2));
    const keepsAll = needed.has(place) || (isRing && arc.length < 6);
    return keepsAll ? before.map((point) => point.slice(0, 2)) : arc;
  });
  return made;

  function isSmall(country) {
    const { type, coordinates } = feature(world, country).geometry;
    const parts = type === "Polygon" ? [coordinates] : coordinates;
    return parts.every(([outer]) => area(outer) < SMALL);
  }
}

/** The places of the arcs that a country is drawn with. */
function arcsOf({ arcs }) {
  return arcs.flat(Infinity).map((place) => (place < 0 ? ~place : place));
}

function area(ring) {
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    sum += ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
  }
  return Math.abs(sum / 2);
}

/** Areas across the meridian of 180° go on beyond it, instead of back around the world. */
function unrolled(world) {
  const across = new Set();
  for (const { type, arcs } of world.objects.countries.geometries) {
    for (const part of type === "Polygon" ? [arcs] : arcs) {
      const [ring] = feature(world, { type: "Polygon", arcs: part }).geometry.coordinates;
      const jumps = ring.some(([x], i) => i > 0 && Math.abs(x - ring[i - 1][0]) > 180);
      if (jumps) for (const arc of part.flat()) across.add(arc < 0 ? ~arc : arc);
    }
  }
  const arcs = world.arcs.map((arc, place) =>
    across.has(place) ? arc.map(([x, y]) => [x < 0 ? x + 360 : x, y]) : arc,
  );
  return { ...world, arcs };
}

function decoded(world) {
  const { scale, translate } = world.transform;
  const arcs = world.arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([dx, dy]) => [(x += dx) * scale[0] + translate[0], (y += dy) * scale[1] + translate[1]]);
  });
  const { transform: _, ...rest } = world;
  return { ...rest, arcs };
}

/** Pieces of a country's area, given to another: what areas.json says. */
function ceded(world) {
  const countries = feature(world, world.objects.countries);
  const shape = (one) =>
    one.geometry.type === "Polygon" ? [one.geometry.coordinates] : one.geometry.coordinates;
  const draw = (one, coordinates) => (one.geometry = { type: "MultiPolygon", coordinates });
  for (const { from, to, box: [west, south, east, north] } of areas.ceded) {
    const [loses, gains] = [from, to].map((id) => countries.features.find((one) => one.id === id));
    const box = [[[west, south], [east, south], [east, north], [west, north], [west, south]]];
    const piece = intersection(shape(loses), box);
    if (!piece.length) throw new Error(`nothing of ${from} lies where ${to} should gain it`);
    draw(gains, union(shape(gains), piece));
    draw(loses, difference(shape(loses), box));
  }
  return topology({ countries });
}

function buildMap() {
  const { version } = json("node_modules/world-atlas/package.json");
  const whole = decoded(json("node_modules/world-atlas/countries-50m.json"));
  const { geometries: all } = whole.objects.countries;
  // Around a pole no ring is an area of a flat map; nobody is trafficked there.
  whole.objects.countries.geometries = all.filter(({ id }) => id !== "010");
  const world = simpler(unrolled(ceded(whole)));
  const parts = polygons(world);
  const dashed = borders(world, parts);
  const byCode = grouped(parts);
  const places = {};
  const geometries = [...byCode].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, all]) => {
    const sized = all
      .map(({ arcs }) => ({ arcs, rings: feature(world, { type: "Polygon", arcs }).geometry.coordinates }))
      .map((one) => ({ ...one, size: area(one.rings[0]) }))
      .sort((a, b) => b.size - a.size);
    if (code) places[code] = polylabel(sized[0].rings, 0.01);
    const kept = sized.filter(({ size }, place) => place === 0 || size >= SMALLEST);
    return { type: "MultiPolygon", id: code, arcs: kept.map(({ arcs }) => arcs) };
  });
  Object.assign(places, areas.places);
  const lines = dashed.map((line) => line.map((point) => point.map((x) => +x.toFixed(2))));
  let made = {
    ...world,
    objects: { areas: { type: "GeometryCollection", geometries } },
  };
  delete made.bbox;
  made = quantize(filter(made, filterWeight(made, 0)), STEPS);
  const map = {
    type: "Topology",
    source: `Natural Earth, 1:50 million (world-atlas ${version}), public domain`,
    ...made,
    dashed: lines,
    places: Object.fromEntries(
      Object.entries(places)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([code, point]) => [code, point.map((x) => +x.toFixed(2))]),
    ),
  };
  demandOwnPlaces(map);
  put("world-50m.json", `${JSON.stringify(map)}\n`);
  put(
    "world-LICENSE",
    `The areas are Natural Earth's (naturalearthdata.com), which are in the public domain.\n` +
      `Their form is that of world-atlas ${version}, changed by deploy/vendored/areas.json:\n\n` +
      text("node_modules/world-atlas/LICENSE"),
  );
}

/** See that each country's point lies in its own area, as drawn: a route must not end elsewhere. */
function demandOwnPlaces(map) {
  for (const one of map.objects.areas.geometries) {
    if (!one.id) continue;
    const around = feature(map, one).geometry.coordinates;
    const isIn = ([outer, ...holes]) =>
      inside(map.places[one.id], outer) && !holes.some((hole) => inside(map.places[one.id], hole));
    if (!around.some(isIn)) throw new Error(`${one.id}: ${map.places[one.id]} lies elsewhere`);
  }
}

function inside([x, y], ring) {
  let found = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [ring[i], ring[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) found = !found;
  }
  return found;
}

function grouped(parts) {
  const found = new Map();
  for (const part of parts) found.set(part.code, [...(found.get(part.code) ?? []), part]);
  return found;
}

await buildScript();
buildMap();
