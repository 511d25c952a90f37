/** The names of the buildings on the map, arranged anew whenever one looks elsewhere. */
import type Feature from "ol/Feature";
import type OlMap from "ol/Map";
import type { Coordinate } from "ol/coordinate";
import type { FeatureLike } from "ol/Feature";
import Point from "ol/geom/Point";
import type Polygon from "ol/geom/Polygon";
import VectorLayer from "ol/layer/Vector";
import type VectorSource from "ol/source/Vector";
import { Fill, Stroke, Style, Text } from "ol/style";
import type { Colours } from "./colours";
import { placed, wrapped, type Box, type Label, type Shift } from "./labels";
import { shortened } from "./places";

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const LINE_PX = 17;
const SIDE_PX = 3;
const LONGEST_LINE = 18;
const EDGE_PX = 4;

export interface Surroundings {
  colours: () => Colours;
  isMine: (id: string) => boolean;
  /** How far a building's drawing reaches from its middle, in pixels. */
  reach: (feature: Feature<Polygon>, resolution: number) => number;
  /** What must stay free. */
  obstacles: () => readonly Box[];
}

export class Names {
  readonly layer: VectorLayer;
  private shifts: ReadonlyMap<string, Shift> = new Map();
  private readonly pencil = document.createElement("canvas").getContext("2d");

  constructor(
    private readonly map: OlMap,
    private readonly source: VectorSource<Feature<Polygon>>,
    private readonly around: Surroundings,
  ) {
    this.layer = new VectorLayer({
      source,
      style: (feature) => this.style(feature),
    });
    this.map.on("moveend", () => this.arrange());
  }

  arrange(): void {
    const [width = 0, height = 0] = this.map.getSize() ?? [];
    const view = { left: EDGE_PX, top: EDGE_PX, right: width - EDGE_PX, bottom: height - EDGE_PX };
    const labels = this.source.getFeatures().flatMap((feature) => this.labelOf(feature) ?? []);
    this.shifts = placed(labels, this.around.obstacles(), view);
    this.layer.changed();
  }

  private labelOf(feature: Feature<Polygon>): Label | undefined {
    const [x, y] = this.map.getPixelFromCoordinate(centreOf(feature)) ?? [];
    if (x === undefined || y === undefined) {
      return undefined; // nothing is drawn yet
    }
    const id = String(feature.getId());
    const isMine = this.around.isMine(id);
    const reach = this.around.reach(feature, this.map.getView().getResolution() ?? 1);
    const lines = linesOf(feature);
    return {
      id,
      x,
      y,
      reach,
      width: Math.max(...lines.map((line) => this.widthOf(line, isMine))) + 2 * SIDE_PX,
      height: lines.length * LINE_PX,
      // One's own first, then the large ones.
      rank: isMine ? Infinity : reach,
    };
  }

  private widthOf(line: string, isMine: boolean): number {
    if (this.pencil === null) {
      return line.length * 8;
    }
    this.pencil.font = fontOf(isMine);
    return this.pencil.measureText(line).width;
  }

  private style(feature: FeatureLike): Style | undefined {
    const id = String(feature.getId());
    const shift = this.shifts.get(id);
    if (shift === undefined) {
      return undefined;
    }
    const { accent, sheet, text } = this.around.colours();
    const isMine = this.around.isMine(id);
    return new Style({
      geometry: new Point(centreOf(feature)),
      zIndex: isMine ? 1 : 0,
      text: new Text({
        text: linesOf(feature).join("\n"),
        font: fontOf(isMine),
        fill: new Fill({ color: isMine ? accent : text }),
        stroke: new Stroke({ color: sheet, width: 3.5 }),
        overflow: true,
        offsetX: shift.x,
        offsetY: shift.y,
      }),
    });
  }
}

function linesOf(feature: FeatureLike): string[] {
  return wrapped(shortened(String(feature.get("label"))), LONGEST_LINE).split("\n");
}

function centreOf(feature: FeatureLike): Coordinate {
  return feature.get("centre") as Coordinate;
}

function fontOf(isMine: boolean): string {
  return `${isMine ? 700 : 500} 13px ${FONT}`;
}
