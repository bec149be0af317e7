// uPlot in the portal's colours.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Drawing {
  show: (values: readonly (readonly (number | null)[])[], count: number) => void;
  end: () => void;
}

/** Draws into `parent`, as wide as that is. */
export function draw(parent: HTMLElement, { series, kind, height, nameOf, short, format, when }: {
  series: readonly string[]; kind: "line" | "bars"; height: number;
  nameOf: (at: number) => string; short: (value: number) => string; format: (value: number) => string; when: string;
}): Drawing {
  const look = getComputedStyle(document.documentElement);
  const colour = (name: string) => look.getPropertyValue(name).trim();
  const axis = { stroke: colour("--ink-3"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  // Two stand side by side; more would hide each other, and are lines.
  const isBars = kind === "bars" && series.length <= 2;
  const sides = series.length === 2 ? [-1, 1] as const : [0] as const;
  const bars = (index: number) => isBars && uPlot.paths.bars
    ? { paths: uPlot.paths.bars({ size: [0.7 / series.length, 32], align: sides[index] ?? 0 }) } : {};
  // A single point stands in the middle.
  let count = 0;
  const plot = new uPlot({
    width: parent.clientWidth || 300,
    height,
    cursor: { points: { size: 7 }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: () => [-0.5, Math.max(count, 1) - 0.5] }, y: { range: (_, min, max) => [Math.min(0, min ?? 0), (max ?? 0) > 0 ? (max ?? 0) * 1.08 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 80, values: (_, splits) => splits.map((at) => Number.isInteger(at) ? nameOf(at) : "") },
      { ...axis, size: 54, values: (_, splits) => splits.map((value) => short(value)) },
    ],
    series: [
      { label: when, value: (_, at) => at === null || at === undefined ? "" : nameOf(at) },
      ...series.map((label, index) => ({
        label, stroke: colour(`--chart-${index % 5 + 1}`), width: isBars ? 0 : 2, points: { show: (plot: uPlot) => (plot.data[0]?.length ?? 0) < 2 },
        fill: `color-mix(in srgb, ${colour(`--chart-${index % 5 + 1}`)} ${isBars ? 80 : 8}%, transparent)`,
        value: (_: uPlot, value: number | null) => value === null ? "" : format(value),
        ...bars(index),
      })),
    ],
  }, [[], ...series.map(() => [])], parent);
  const watch = new ResizeObserver(() => {
    if (parent.clientWidth > 0) plot.setSize({ width: parent.clientWidth, height });
  });
  watch.observe(parent);
  return {
    show(values, points) {
      count = points;
      plot.setData([Array.from({ length: count }, (_, at) => at), ...values.map((line) => [...line])]);
    },
    end() {
      watch.disconnect();
      plot.destroy();
    },
  };
}
