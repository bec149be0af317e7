// The text format of Prometheus, as far as pages need it.

export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** All samples of a text. */
export function samplesIn(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const found = line.startsWith("#") ? null : LINE.exec(line);
    if (!found) return [];
    const [, name = "", inside = "", value = ""] = found;
    const labels = Object.fromEntries([...inside.matchAll(LABEL)].map(([, label, text]) => [label, text]));
    return [{ name, labels, value: Number(value.replace("+Inf", "Infinity")) }];
  });
}

/** The sum of the samples of this name that have these labels; `null` where there is none. */
export function sumOf(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number | null {
  const wanted = Object.entries(labels);
  const found = samples.filter((one) => one.name === name && wanted.every(([label, value]) => one.labels[label] === value));
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
}

/** The values of a label of the samples of this name, with their sums. */
export function byLabel(samples: readonly Sample[], name: string, label: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const one of samples) {
    const value = one.name === name ? one.labels[label] : undefined;
    if (value !== undefined) sums.set(value, (sums.get(value) ?? 0) + one.value);
  }
  return sums;
}

/** The upper bound of the bucket that has this part of what a histogram has counted since `before`; `null` where it has
 * counted nothing. */
export function quantileOf(samples: readonly Sample[], name: string, part: number, before: readonly Sample[] = []): number | null {
  const old = byLabel(before, `${name}_bucket`, "le");
  const buckets = [...byLabel(samples, `${name}_bucket`, "le")]
    .map(([bound, count]) => ({ bound: Number(bound.replace("+Inf", "Infinity")), count: count - (old.get(bound) ?? 0) }))
    .sort((a, b) => a.bound - b.bound);
  const all = buckets.at(-1)?.count ?? 0;
  if (all <= 0) return null;
  return buckets.find(({ count }) => count >= all * part)?.bound ?? null;
}
