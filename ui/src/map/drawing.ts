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
import { metresBetween, shortened, type MapBuilding, type Place, type Tiles } from "./places";

export interface Wishes {
  /** Somebody clicked at a place, on the building `id` if there is one. */
  click: (place: Place, id: string | undefined) => void;
  /** Where the edge of the range is now, in pixels; undefined while there is none. */
  edge: (pixel: readonly [number, number] | undefined) => void;
}

const CORNERS = 96;
const EAST = Math.PI / 2;
const PADDING_PX = 44;
const NEAREST_ZOOM = 19;
const MOVING_MS = 250;
const HIT_TOLERANCE_PX = 8;
const SMALLEST_SHOWN_PX = 5;
// So much is shown around somebody whose range is small.
const SURROUNDINGS_M = 120;
// The lines of the grid, in degrees: as people write them, not in minutes.
const GRID = [
  30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002,
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
  private isFitted = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly wishes: Wishes,
  ) {
    this.colours = coloursOf(element);
    this.buildingLayer = new VectorLayer({
      source: this.buildings,
      declutter: true,
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
    if (!this.isFitted && (this.me !== undefined || !this.buildings.isEmpty())) {
      // The browser may not have laid out the page yet: without a size nothing fits.
      this.map.updateSize();
      this.isFitted = this.me !== undefined;
      this.fit(this.isFitted ? "me" : "all", 0);
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
    const pixel =
      this.me && this.rangeM !== undefined
        ? this.map.getPixelFromCoordinate(edgeOf(this.me, this.rangeM))
        : undefined;
    const [x, y] = pixel ?? [];
    this.wishes.edge(x === undefined || y === undefined ? undefined : [x, y]);
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

  private buildingStyle(feature: FeatureLike, resolution: number): Style[] {
    const { accent, edge, quiet } = this.colours;
    const isMine = idOf(feature) === this.highlighted;
    const stroke = new Stroke({ color: isMine ? accent : edge, width: isMine ? 2.5 : 1.25 });
    const fill = new Fill({ color: isMine ? faded(accent, 0.2) : faded(quiet, 0.13) });
    const geometry = new Point(feature.get("centre") as Coordinate);
    if (widthOf(feature) / resolution >= 2 * SMALLEST_SHOWN_PX) {
      // Away from the marker of whoever stands in the middle.
      return [new Style({ fill, stroke }), this.label(feature, geometry, isMine, isMine ? -20 : 0)];
    }
    const image = new Circle({ radius: SMALLEST_SHOWN_PX, fill, stroke });
    return [new Style({ geometry, image }), this.label(feature, geometry, isMine, -14)];
  }

  private label(feature: FeatureLike, geometry: Point, isMine: boolean, offsetY: number): Style {
    const { accent, sheet, text } = this.colours;
    return new Style({
      geometry,
      zIndex: isMine ? 1 : 0,
      text: new Text({
        text: shortened(String(feature.get("label"))),
        font: `${isMine ? 700 : 500} 13px ${FONT}`,
        fill: new Fill({ color: isMine ? accent : text }),
        stroke: new Stroke({ color: sheet, width: 3.5 }),
        overflow: true,
        offsetY,
      }),
    });
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
