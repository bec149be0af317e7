// Which rows of a long list are drawn.

/** Elements that are higher than this are cut by browsers. */
const HEIGHT_MAX = 8_000_000;
const AROUND = 12;

export interface Window {
  first: number;
  /** Not included. */
  end: number;
  /** What stands before the rows and behind them, in pixels. */
  before: number;
  behind: number;
}

/** The rows of `count`, each `rowHeight` high, to be drawn where the list's first `scrolled` pixels are above a view of
 * `viewHeight`. Of more rows than an element can be high for, each pixel of scrolling stands for several. */
export function windowOf(count: number, rowHeight: number, scrolled: number, viewHeight: number): Window {
  const whole = count * rowHeight;
  const height = Math.min(whole, HEIGHT_MAX);
  const room = Math.max(1, height - viewHeight);
  const at = Math.min(Math.max(scrolled, 0), height);
  const inWhole = whole > height ? Math.min(at / room, 1) * Math.max(0, whole - viewHeight) : at;
  const first = Math.max(0, Math.min(count, Math.floor(inWhole / rowHeight)) - AROUND);
  const end = Math.min(count, Math.ceil((inWhole + viewHeight) / rowHeight) + AROUND);
  const before = Math.max(0, whole > height ? at - (inWhole - first * rowHeight) : first * rowHeight);
  return { first, end, before, behind: Math.max(0, height - before - (end - first) * rowHeight) };
}
