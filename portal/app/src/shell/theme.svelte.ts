// Light, dark, or as the system has it.

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = "accolade.theme";
const system = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
let chosen = $state<Theme>(remembered());
let isSystemDark = $state(system?.matches ?? false);
let isDark = $derived(chosen === "dark" || (chosen === "system" && isSystemDark));

function remembered(): Theme {
  try {
    const found = localStorage.getItem(KEPT);
    return THEMES.find((theme) => theme === found) ?? "system";
  } catch {
    return "system";
  }
}

function show(): void {
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
}

system?.addEventListener("change", ({ matches }) => {
  isSystemDark = matches;
  show();
});

export const theme = {
  get chosen(): Theme { return chosen; },
  set chosen(wanted: Theme) {
    chosen = wanted;
    show();
    try {
      localStorage.setItem(KEPT, wanted);
    } catch {
      // It holds for this page.
    }
  },
  get isDark(): boolean { return isDark; },
  show,
};
