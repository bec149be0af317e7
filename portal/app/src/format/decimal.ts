// Decimals as the API writes them: exact, up to 18 decimals, and never a float on the way.

/** A number as JSON has it: a text where a float would lose digits of it, or might. */
export type Decimal = string | number;

const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/;

/** A decimal to be sent: JSON's number with just these digits. */
export class Exact {
  constructor(readonly text: string) {
    if (!PLAIN.test(text)) throw new RangeError(`\`${text}\` is no decimal`);
  }
}

/** What a person has typed, as the API reads it; `null` where it is no number. A comma may be its point. */
export function typed(text: string, decimalsMax = 18): Exact | null {
  const plain = text.trim().replace(/[\s\u00a0\u202f'’_]/g, "").replace(/^\+/, "").replace("−", "-");
  const found = /^(-?)(\d*)(?:[.,](\d*))?$/.exec(plain);
  if (!found) return null;
  const [, sign = "", whole = "", decimals = ""] = found;
  if (whole + decimals === "" || decimals.length > decimalsMax) return null;
  const front = whole.replace(/^0+(?=\d)/, "") || "0";
  return new Exact(decimals === "" ? sign + front : `${sign}${front}.${decimals}`);
}

/** Its sign, whole part and decimals; `null` where it is none. */
export function partsOf(value: Decimal): { isNegative: boolean; whole: string; decimals: string } | null {
  const text = typeof value === "number" ? plainOf(value) : value;
  const found = PLAIN.exec(text);
  if (!found) return null;
  const [, sign, whole = "0", decimals = ""] = found;
  const isZero = /^0*$/.test(whole + decimals);
  return { isNegative: sign === "-" && !isZero, whole, decimals };
}

/** Below, at or above 0. */
export function signOf(value: Decimal): -1 | 0 | 1 {
  const parts = partsOf(value);
  if (!parts || /^0*$/.test(parts.whole + parts.decimals)) return 0;
  return parts.isNegative ? -1 : 1;
}

/** The order of two decimals, exactly. */
export function compare(a: Decimal, b: Decimal): number {
  const difference = scaled(a) - scaled(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Their sum, exactly, with as many decimals as the longer one. */
export function plus(a: Decimal, b: Decimal): string {
  const decimals = Math.max(partsOf(a)?.decimals.length ?? 0, partsOf(b)?.decimals.length ?? 0);
  return unscaled(scaled(a) + scaled(b), decimals);
}

/** The same amount with the other sign. */
export function negated(value: Decimal): string {
  return unscaled(-scaled(value), partsOf(value)?.decimals.length ?? 0);
}

/** For drawing alone, where a digit more or less is no matter. */
export function roughly(value: Decimal | null | undefined): number {
  return value === null || value === undefined ? 0 : Number(value);
}

const DECIMALS = 18;

function scaled(value: Decimal): bigint {
  const parts = partsOf(value);
  if (!parts) throw new RangeError(`\`${value}\` is no decimal`);
  const digits = BigInt(parts.whole + parts.decimals.slice(0, DECIMALS).padEnd(DECIMALS, "0"));
  return parts.isNegative ? -digits : digits;
}

function unscaled(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(DECIMALS + 1, "0");
  const whole = digits.slice(0, -DECIMALS);
  const rest = digits.slice(-DECIMALS).slice(0, decimals);
  return (value < 0n ? "-" : "") + whole + (rest && `.${rest}`);
}

function plainOf(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toLocaleString("en", { useGrouping: false, maximumFractionDigits: 20 }) : text;
}
