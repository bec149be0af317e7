// Keys that work everywhere: `/` to search, `g` and a letter to go somewhere, Ctrl-K for the palette.

import { go } from "../router";
import { SECTIONS } from "../sections";
import { session } from "../session/session.svelte";

export const palette = $state({ isOpen: false });

const AFTER_G_MS = 1_200;
let since = 0;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Takes a key that nobody else has taken. */
export function press(event: KeyboardEvent): void {
  if (!session.isIn || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    palette.isOpen = !palette.isOpen;
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "/") {
    const search = document.querySelector<HTMLInputElement>("main input[type=search]");
    event.preventDefault();
    if (search) search.focus();
    else palette.isOpen = true;
  } else if (event.key === "?") {
    palette.isOpen = true;
  } else if (event.key === "g") {
    since = event.timeStamp;
  } else if (event.timeStamp - since < AFTER_G_MS) {
    since = 0;
    const section = SECTIONS.find((one) => one.key === event.key && session.can(one.scope));
    if (section) {
      event.preventDefault();
      void go(section.path);
    }
  }
}
