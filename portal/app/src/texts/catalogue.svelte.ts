// Texts in the reader's language. A catalogue has each text in all languages, so that none is forgotten: the types say
// so while it is written, and a test looks at what stands between braces.

export const LOCALES = ["en", "de", "es"] as const;
export type Locale = (typeof LOCALES)[number];
export const NAMES: Record<Locale, string> = { en: "English", de: "Deutsch", es: "Español" };

/** A text, or its forms by `count`, as `Intl.PluralRules` names them. */
export type Text = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
export type Texts = Record<string, Text>;
export type Values = Record<string, string | number>;

const KEPT = "accolade.locale";

let locale = $state<Locale>(first());

function first(): Locale {
  const wanted = [remembered(), ...(navigator.languages ?? [])];
  for (const tag of wanted) {
    const found = LOCALES.find((one) => tag?.toLowerCase().startsWith(one));
    if (found) return found;
  }
  return "en";
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

export const language = {
  get locale(): Locale { return locale; },
  set locale(wanted: Locale) {
    locale = wanted;
    document.documentElement.lang = wanted;
    try {
      localStorage.setItem(KEPT, wanted);
    } catch {
      // It is remembered for this page.
    }
  },
};

/** All catalogues that were made, for the test. */
export const catalogues: Record<Locale, Texts>[] = [];

/** Makes a catalogue. `t("key", { count: 3 })` gives a text of it. */
export function catalogue<K extends string>(
  texts: { en: Record<K, Text> } & Record<Exclude<Locale, "en">, Record<NoInfer<K>, Text>>,
): (key: NoInfer<K>, values?: Values) => string {
  catalogues.push(texts);
  return (key, values = {}) => filled(texts[locale][key], values, locale);
}

/** A text with its values in place of `{names}`. */
export function filled(text: Text, values: Values, by: Locale): string {
  const form = typeof text === "string" ? text : text[ruleOf(values, by)] ?? text.other;
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString(by) : value;
  });
}

function ruleOf(values: Values, by: Locale): Intl.LDMLPluralRule {
  const count = values["count"];
  return typeof count === "number" ? new Intl.PluralRules(by).select(count) : "other";
}
