// Which days are shown, and how long a line is.

export const RANGES = ["7", "30", "84", "365"] as const;
export type Range = (typeof RANGES)[number];

export function isRange(text: string): text is Range {
  return (RANGES as readonly string[]).includes(text);
}

/** What the summary is asked for. */
export function rangeOf(range: Range, now: Date): { from: string; by: "day" | "week" | "month" } {
  const from = new Date(now.getTime() - (Number(range) - 1) * 86_400_000);
  const by = range === "84" ? "week" : range === "365" ? "month" : "day";
  // A month that is shown is whole.
  if (by === "month") from.setUTCDate(1);
  return { from: from.toISOString().slice(0, 10), by };
}
