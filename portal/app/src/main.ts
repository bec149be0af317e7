import { mount } from "svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import App from "./App.svelte";
import { forget } from "./api/asked.svelte";
import { session } from "./session/session.svelte";
import { theme } from "./shell/theme.svelte";
import { language } from "./texts/catalogue.svelte";

theme.show();
document.documentElement.lang = language.locale;
session.onEnd(forget);

// The router takes every click on a link; those that ask for another tab or window are the browser's.
document.addEventListener("click", (event) => {
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link) return;
  const isElsewhere = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (isElsewhere || !link.href.startsWith(`${location.origin}/portal`)) event.stopPropagation();
});

const target = document.getElementById("app");
if (target) mount(App, { target });
