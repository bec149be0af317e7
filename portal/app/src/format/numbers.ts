// Numbers and money as people of a place write them, digit by digit.

import { language } from "../texts/catalogue.svelte";
import { type Decimal, partsOf, roughly } from "./decimal";

/** What stands for what is not known. */
export const NOTHING = "–";

interface Signs { point: string; minus: string; plus: string; grouped: Intl.NumberFormat }
const known = new Map<string, Signs>();

function signs(locale: string): Signs {
  let found = known.get(locale);
  if (!found) {
    const part = (value: number, type: string) =>
      new Intl.NumberFormat(locale, { signDisplay: "always" }).formatToParts(value).find((one) => one.type === type)?.value;
    found = {
      point: part(0.5, "decimal") ?? ".",
      minus: part(-1, "minusSign") ?? "-",
      plus: part(1, "plusSign") ?? "+",
      grouped: new Intl.NumberFormat(locale),
    };
    known.set(locale, found);
  }
  return found;
}

/** How a decimal is shown. */
export interface Shown {
  /** At least so many decimals. */
  decimals?: number;
  /** With a plus above 0. */
  signed?: boolean;
  locale?: string;
}

/** A decimal with all of its digits. */
export function exact(value: Decimal | null | undefined, { decimals = 0, signed = false, locale = language.locale }: Shown = {}): string {
  if (value === null || value === undefined) return NOTHING;
  const parts = partsOf(value);
  if (!parts) return String(value);
  const { point, minus, plus, grouped } = signs(locale);
  const rest = parts.decimals.padEnd(decimals, "0");
  const isZero = /^0*$/.test(parts.whole + parts.decimals);
  const sign = parts.isNegative ? minus : signed && !isZero ? plus : "";
  return sign + grouped.format(BigInt(parts.whole)) + (rest && point + rest);
}

/** Points, with two decimals. */
export function points(value: Decimal | null | undefined, shown: Shown = {}): string {
  return exact(value, { decimals: 2, ...shown });
}

/** How many. */
export function count(value: number | bigint | null | undefined): string {
  return value === null || value === undefined ? NOTHING : signs(language.locale).grouped.format(value);
}

/** How many, with a plus where there may be more. */
export function atLeast(value: number, isMore: boolean): string {
  return isMore ? `${count(value)}+` : count(value);
}

/** An amount of money with its currency's sign, where Intl knows it, and all of its digits. */
export function money(value: Decimal | null | undefined, currency: string, locale: string = language.locale): string {
  if (value === null || value === undefined) return NOTHING;
  const parts = partsOf(value);
  if (!parts || !/^[A-Z]{3}$/.test(currency)) return `${exact(value, { locale })} ${currency}`;
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  const least = format.resolvedOptions().minimumFractionDigits ?? 2;
  const shown = exact(value, { decimals: least, locale });
  let isPut = false;
  return format.formatToParts(0).map(({ type, value: text }) => {
    if (["currency", "literal"].includes(type)) return text;
    if (isPut) return "";
    isPut = true;
    return shown;
  }).join("");
}

/** A measure, to two decimals: for sentences, where the rest of its digits says nothing. */
export function near(value: Decimal): string {
  return new Intl.NumberFormat(language.locale, { maximumFractionDigits: 2 }).format(roughly(value));
}

/** A part of a whole (0.25) as a percentage, rounded. */
export function share(value: Decimal | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  return new Intl.NumberFormat(language.locale, { style: "percent", maximumFractionDigits: 1 }).format(roughly(value));
}

/** A great number in short, for charts and tiles: the exact one stands beside it. */
export function short(value: Decimal | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  return new Intl.NumberFormat(language.locale, { notation: "compact", maximumFractionDigits: 1 }).format(roughly(value));
}
