/** The map on its canvas. Loaded only where a map is shown: OpenLayers is large. */
import "ol/ol.css";
import Feature from "ol/Feature";
import OlMap from "ol/Map";
import type MapEvent from "ol/MapEvent";
import View from "ol/View";
import { distance as distanceBetween, type Coordinate } from "ol/coordinate";
import type { FeatureLike } from "ol/Feature";
import ScaleLine from "ol/control/ScaleLine";
import { createEmpty, extend, isEmpty, type Extent } from "ol/extent";
import Point from "ol/geom/Point";
import Polygon, { circular } from "ol/geom/Polygon";
import Graticule from "ol/layer/Graticule";
import TileLayer from "ol/layer/Tile";
import VectorLayer from "ol/layer/Vector";
import { fromLonLat, toLonLat } from "ol/proj";
import VectorSource from "ol/source/Vector";
import XYZ from "ol/source/XYZ";
import { offset } from "ol/sphere";
import { Circle, Fill, Stroke, Style, Text } from "ol/style";
import { coloursOf, faded, type Colours } from "./colours";
import type { Box } from "./labels";
import { Names } from "./names";
import { metresBetween, type MapBuilding, type Place, type Tiles } from "./places";

export interface Wishes {
  /** Somebody clicked at a place, on the building `id` if there is one. */
  click: (place: Place, id: string | undefined) => void;
  /** Where the edge of the range is now, in pixels; undefined while there is none. */
  edge: (pixel: readonly [number, number] | undefined) => void;
  /** What lies on the map and must not be written under. */
  covers: () => Iterable<Element>;
}

const CORNERS = 96;
const EAST = Math.PI / 2;
const PADDING_PX = 44;
const NEAREST_ZOOM = 19;
const MOVING_MS = 250;
const HIT_TOLERANCE_PX = 8;
const SMALLEST_SHOWN_PX = 5;
const MARKER_PX = 12;
// To the sides, upwards, and downwards, where the metres stand.
const HANDLE_PX = [34, 14, 34] as const;
// So much is shown around somebody whose range is small.
const SURROUNDINGS_M = 120;
// The lines of the grid, in degrees: as people write them, not in minutes.
const GRID = [
  90, 60, 30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002,
];
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

/** OpenLayers writes its lengths in English. */
class Scale extends ScaleLine {
  override render(event: MapEvent): void {
    super.render(event);
    const words = this.element?.firstElementChild;
    const [, number, unit] = /^([\d.]+) (k?)m$/.exec(words?.textContent ?? "") ?? [];
    if (words && number !== undefined) {
      words.textContent = new Intl.NumberFormat(document.documentElement.lang, {
        style: "unit",
        unit: unit === "k" ? "kilometer" : "meter",
      }).format(Number(number));
    }
  }
}

export class Drawing {
  private readonly map: OlMap;
  private readonly buildings = new VectorSource<Feature<Polygon>>();
  private readonly buildingLayer: VectorLayer;
  private readonly names: Names;
  private readonly range = new Feature<Polygon>();
  private readonly blur = new Feature<Polygon>();
  private readonly marker = new Feature<Point>();
  private readonly personLayer: VectorLayer;
  private readonly tileLayer = new TileLayer({ className: "map-tiles", visible: false });
  private grid: Graticule | undefined;
  private colours: Colours;
  private me: Place | undefined;
  private rangeM: number | undefined;
  private highlighted: string | undefined;
  /** What one was shown at first; after that one looks where one wants to. */
  private fitted: "me" | "all" | undefined;

  constructor(
    private readonly element: HTMLElement,
    private readonly wishes: Wishes,
  ) {
    this.colours = coloursOf(element);
    this.buildingLayer = new VectorLayer({
      source: this.buildings,
      style: (feature, resolution) => this.buildingStyle(feature, resolution),
    });
    this.personLayer = new VectorLayer({
      source: new VectorSource({ features: [this.blur, this.range, this.marker] }),
    });
    this.map = new OlMap({
      target: element,
      layers: [this.tileLayer, this.buildingLayer, this.personLayer],
      controls: [new Scale({ minWidth: 64 })],
      view: new View({ center: [0, 0], zoom: 2, maxZoom: 21, minZoom: 1 }),
    });
    this.names = new Names(this.map, this.buildings, {
      colours: () => this.colours,
      isMine: (id) => id === this.highlighted,
      reach: reachOf,
      obstacles: () => this.obstacles(),
    });
    this.map.addLayer(this.names.layer);
    this.map.on("singleclick", (event) => {
      this.wishes.click(placeOf(event.coordinate), this.buildingAt(event.coordinate));
    });
    this.map.on("postrender", () => this.tellEdge());
    this.recolour();
  }

  close(): void {
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  // What is shown

  showBuildings(buildings: readonly MapBuilding[], highlighted: string | undefined): void {
    this.highlighted = highlighted;
    this.buildings.clear(true);
    this.buildings.addFeatures(buildings.map(featureOf));
    this.fitOnce();
    this.names.arrange();
  }

  /** Where somebody is, how exactly that is known, and how far they look; all in metres. */
  showMe(me: Place | undefined, accuracyM: number | undefined, rangeM: number | undefined): void {
    const hasMoved = me !== this.me;
    this.me = me;
    this.rangeM = rangeM;
    this.marker.setGeometry(me && new Point(pointOf(me)));
    this.blur.setGeometry(me && accuracyM ? circle(me, accuracyM) : undefined);
    this.range.setGeometry(me && rangeM ? circle(me, rangeM) : undefined);
    this.tellEdge();
    this.fitOnce();
    if (hasMoved && me !== undefined && !this.isInView(me)) {
      this.fit("me");
    }
    this.names.arrange();
  }

  showTiles(tiles: Tiles | undefined): void {
    this.tileLayer.setSource(tiles ? new XYZ({ url: tiles.url, maxZoom: NEAREST_ZOOM }) : null);
    this.tileLayer.setVisible(tiles !== undefined);
  }

  /** The page's colours have changed, between light and dark. */
  recolour(): void {
    this.colours = coloursOf(this.element);
    const { accent, sheet } = this.colours;
    this.marker.setStyle(
      new Style({
        image: new Circle({
          radius: 8,
          fill: new Fill({ color: accent }),
          stroke: new Stroke({ color: sheet, width: 3 }),
        }),
      }),
    );
    this.blur.setStyle(new Style({ fill: new Fill({ color: faded(accent, 0.12) }) }));
    this.range.setStyle(
      new Style({
        fill: new Fill({ color: faded(accent, 0.07) }),
        stroke: new Stroke({ color: accent, width: 2, lineDash: [7, 6] }),
      }),
    );
    this.buildingLayer.changed();
    this.names.layer.changed();
    this.drawGrid();
  }

  // Where one looks

  zoom(by: number): void {
    const view = this.map.getView();
    view.animate({ zoom: (view.getZoom() ?? 0) + by, duration: movingMs() });
  }

  /** Show somebody's surroundings, or all that there is. */
  fit(what: "me" | "all", duration = movingMs()): void {
    const extent = what === "all" ? this.everything() : this.surroundings();
    if (!isEmpty(extent)) {
      const padding = [PADDING_PX, PADDING_PX, PADDING_PX, PADDING_PX];
      this.map.getView().fit(extent, { padding, maxZoom: NEAREST_ZOOM, duration });
    }
  }

  /** How far from `me` a pointer is, in metres. */
  reach(event: PointerEvent): number | undefined {
    return this.me && metresBetween(this.me, placeOf(this.map.getEventCoordinate(event)));
  }

  private fitOnce(): void {
    const wanted = this.me ? "me" : this.buildings.isEmpty() ? undefined : "all";
    if (wanted !== undefined && this.fitted !== "me" && this.fitted !== wanted) {
      // The browser may not have laid out the page yet: without a size nothing fits.
      this.map.updateSize();
      this.fitted = wanted;
      this.fit(wanted, 0);
    }
  }

  private surroundings(): Extent {
    if (this.me === undefined) {
      return this.everything();
    }
    return circle(this.me, Math.max(this.rangeM ?? 0, SURROUNDINGS_M)).getExtent();
  }

  private everything(): Extent {
    const extent = createEmpty();
    if (!this.buildings.isEmpty()) {
      extend(extent, this.buildings.getExtent() ?? extent);
    }
    for (const feature of [this.range, this.marker]) {
      const geometry = feature.getGeometry();
      if (geometry !== undefined) {
        extend(extent, geometry.getExtent());
      }
    }
    return extent;
  }

  private isInView(place: Place): boolean {
    const [x, y] = this.map.getPixelFromCoordinate(pointOf(place)) ?? [];
    const [width = 0, height = 0] = this.map.getSize() ?? [];
    return x === undefined || y === undefined || (x > 0 && y > 0 && x < width && y < height);
  }

  private tellEdge(): void {
    this.wishes.edge(this.edge());
  }

  private edge(): [number, number] | undefined {
    return this.me && this.rangeM !== undefined
      ? this.pixelOf(edgeOf(this.me, this.rangeM))
      : undefined;
  }

  private pixelOf(coordinate: Coordinate): [number, number] | undefined {
    const [x, y] = this.map.getPixelFromCoordinate(coordinate) ?? [];
    return x === undefined || y === undefined ? undefined : [x, y];
  }

  /** One's own place, the handle of the range with its metres, and what the page puts above. */
  private obstacles(): Box[] {
    const me = this.me && this.pixelOf(pointOf(this.me));
    const edge = this.edge();
    const { left, top } = this.element.getBoundingClientRect();
    const covers = [...this.wishes.covers()].map((each) => each.getBoundingClientRect());
    return [
      ...(me ? [boxAround(me, MARKER_PX, MARKER_PX, MARKER_PX)] : []),
      ...(edge ? [boxAround(edge, ...HANDLE_PX)] : []),
      ...covers.map((each) => ({
        left: each.left - left,
        right: each.right - left,
        top: each.top - top,
        bottom: each.bottom - top,
      })),
    ];
  }

  // By distance and not by reading pixels back, which slows a canvas down.
  private buildingAt(coordinate: Coordinate): string | undefined {
    const tolerance = HIT_TOLERANCE_PX * (this.map.getView().getResolution() ?? 1);
    let nearest: string | undefined;
    let least = Infinity;
    this.buildings.forEachFeature((feature) => {
      const distance = distanceBetween(coordinate, feature.get("centre") as Coordinate);
      if (distance < least && distance <= widthOf(feature) / 2 + tolerance) {
        least = distance;
        nearest = idOf(feature);
      }
    });
    return nearest;
  }

  // How it looks

  private buildingStyle(feature: FeatureLike, resolution: number): Style {
    const { accent, edge, quiet } = this.colours;
    const isMine = idOf(feature) === this.highlighted;
    const stroke = new Stroke({ color: isMine ? accent : edge, width: isMine ? 2.5 : 1.25 });
    const fill = new Fill({ color: isMine ? faded(accent, 0.2) : faded(quiet, 0.13) });
    if (isWide(feature, resolution)) {
      return new Style({ fill, stroke });
    }
    const geometry = new Point(feature.get("centre") as Coordinate);
    return new Style({ geometry, image: new Circle({ radius: SMALLEST_SHOWN_PX, fill, stroke }) });
  }

  private drawGrid(): void {
    if (this.grid !== undefined) {
      this.map.removeLayer(this.grid);
    }
    const { line, quiet, sheet } = this.colours;
    const text = (textAlign: CanvasTextAlign, textBaseline: CanvasTextBaseline): Text =>
      new Text({
        font: `11px ${FONT}`,
        textAlign,
        textBaseline,
        fill: new Fill({ color: quiet }),
        stroke: new Stroke({ color: sheet, width: 3 }),
      });
    this.grid = new Graticule({
      intervals: GRID,
      targetSize: 150,
      showLabels: true,
      wrapX: false,
      zIndex: -1,
      strokeStyle: new Stroke({ color: line, width: 1 }),
      lonLabelFormatter: shownDegrees,
      latLabelFormatter: shownDegrees,
      lonLabelStyle: text("center", "bottom"),
      latLabelStyle: text("start", "middle"),
      lonLabelPosition: 0.012,
      latLabelPosition: 0.008,
    });
    this.map.addLayer(this.grid);
  }
}

function featureOf(building: MapBuilding): Feature<Polygon> {
  const feature = new Feature(circle(building, building.radious));
  feature.setId(building.id);
  feature.setProperties({ label: building.label ?? building.name, centre: pointOf(building) });
  return feature;
}

function boxAround([x, y]: [number, number], aside: number, up: number, down: number): Box {
  return { left: x - aside, right: x + aside, top: y - up, bottom: y + down };
}

/** Whether a building is drawn as wide as it is; others as a dot. */
function isWide(feature: FeatureLike, resolution: number): boolean {
  return widthOf(feature) / resolution >= 2 * SMALLEST_SHOWN_PX;
}

function reachOf(feature: FeatureLike, resolution: number): number {
  return Math.max(SMALLEST_SHOWN_PX, widthOf(feature) / resolution / 2);
}

function widthOf(feature: FeatureLike): number {
  const [west = 0, , east = 0] = feature.getGeometry()?.getExtent() ?? [];
  return east - west;
}

function idOf(feature: FeatureLike): string {
  return String(feature.getId());
}

function circle(place: Place, metres: number): Polygon {
  const shape = circular([place.longitude, place.latitude], metres, CORNERS);
  shape.transform("EPSG:4326", "EPSG:3857");
  return shape;
}

function edgeOf(place: Place, metres: number): Coordinate {
  return fromLonLat(offset([place.longitude, place.latitude], metres, EAST));
}

function pointOf(place: Place): Coordinate {
  return fromLonLat([place.longitude, place.latitude]);
}

function placeOf(coordinate: Coordinate): Place {
  const [longitude = 0, latitude = 0] = toLonLat(coordinate);
  return { latitude, longitude };
}

function shownDegrees(degrees: number): string {
  const language = document.documentElement.lang;
  return new Intl.NumberFormat(language, { maximumFractionDigits: 4 }).format(degrees) + "°";
}

function movingMs(): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : MOVING_MS;
}
