import { expect, test } from "vitest";
import { byLabel, quantileOf, samplesIn, sumOf } from "./metrics";

const TEXT = `# HELP accolade_records_total records
# TYPE accolade_records_total counter
accolade_records_total{kind="wager",outcome="counted"} 940
accolade_records_total{kind="wager",outcome="refused"} 860
accolade_records_total{kind="command",outcome="done"} 88
accolade_ready 1
accolade_seconds_bucket{le="0.01"} 50
accolade_seconds_bucket{le="0.1"} 99
accolade_seconds_bucket{le="+Inf"} 100
`;

test("samples are summed by their labels", () => {
  const samples = samplesIn(TEXT);
  expect(sumOf(samples, "accolade_records_total", { kind: "wager" })).toBe(1800);
  expect(sumOf(samples, "accolade_ready")).toBe(1);
  expect(sumOf(samples, "accolade_unknown")).toBeNull();
  expect([...byLabel(samples, "accolade_records_total", "kind")]).toEqual([["wager", 1800], ["command", 88]]);
});

test("a quantile is the bound of its bucket, of what came since", () => {
  const samples = samplesIn(TEXT);
  expect(quantileOf(samples, "accolade_seconds", 0.5)).toBe(0.01);
  expect(quantileOf(samples, "accolade_seconds", 0.99)).toBe(0.1);
  expect(quantileOf(samples, "accolade_seconds", 0.5, samples)).toBeNull();
});
