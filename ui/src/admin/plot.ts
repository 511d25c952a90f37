/** A plot of the last minutes, or the last day, on a canvas. Loaded only where one is shown. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { language } from "../i18n";
import { faded } from "../map/colours";

export type Values = readonly (number | null)[];

export interface Wishes {
  /** What stands at the scale's left. */
  format: (value: number) => string;
  /** The scale reaches at least so far, so that noise does not look like mountains. */
  atLeast: number;
  /** How far back it reaches. */
  spanS: number;
  /** Which sample is pointed at, if any. */
  point: (index: number | undefined) => void;
}

const HEIGHT_PX = 132;
const AXIS_PX = 58;
const SYNC = "admin";
const FONT = "11px system-ui, sans-serif";

export class Plot {
  private readonly plot: uPlot;
  private readonly resizing: ResizeObserver;

  constructor(
    element: HTMLElement,
    lines: number,
    private readonly wishes: Wishes,
  ) {
    this.plot = new uPlot(this.options(element, lines), emptyData(lines), element);
    this.resizing = new ResizeObserver(() => {
      this.plot.setSize({ width: element.clientWidth, height: HEIGHT_PX });
    });
    this.resizing.observe(element);
  }

  show(times: readonly number[], lines: readonly Values[]): void {
    const data = [times, ...lines].map((values) => [...values]);
    // uPlot's own type wants the times apart from the values.
    this.plot.setData(data as unknown as uPlot.AlignedData);
  }

  close(): void {
    this.resizing.disconnect();
    this.plot.destroy();
  }

  private options(element: HTMLElement, lines: number): uPlot.Options {
    const style = getComputedStyle(element);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    const axis = {
      stroke: colour("quiet"),
      font: FONT,
      ticks: { show: false },
      grid: { stroke: faded(colour("edge"), 0.22), width: 1 },
    };
    const strokes = [colour("accent"), colour("help")].slice(0, lines);
    return {
      width: element.clientWidth,
      height: HEIGHT_PX,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { size: 7 },
        sync: { key: SYNC },
      },
      hooks: { setCursor: [(plot) => this.wishes.point(plot.cursor.idx ?? undefined)] },
      scales: {
        x: { range: () => lastOf(this.plot?.data[0], this.wishes.spanS) },
        y: { range: (_, __, most) => [0, Math.max(this.wishes.atLeast, (most ?? 0) * 1.15)] },
      },
      axes: [
        {
          ...axis,
          incrs: [60, 120, 300, 3_600, 7_200, 10_800, 21_600],
          space: 44,
          size: 24,
          values: (_, at) => at.map(minute),
        },
        {
          ...axis,
          size: AXIS_PX,
          space: 34,
          values: (_, at) => at.map((value) => this.wishes.format(value)),
        },
      ],
      series: [
        {},
        ...strokes.map((stroke, index) => ({
          stroke,
          width: 1.75,
          fill: index === 0 ? faded(stroke, 0.13) : "transparent",
          points: { show: false },
        })),
      ],
    };
  }
}

function lastOf(times: ArrayLike<number> | undefined, spanS: number): [number, number] {
  const last = times?.[times.length - 1] ?? Date.now() / 1000;
  return [last - spanS, last];
}

function minute(seconds: number): string {
  return new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(seconds * 1000);
}

function emptyData(lines: number): uPlot.AlignedData {
  return [[], ...Array.from({ length: lines }, () => [])] as unknown as uPlot.AlignedData;
}
