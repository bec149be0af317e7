// CodeMirror in the portal's colours. It stands in a shadow tree, since only there its styles are sheets that scripts
// adopt, as the policy of contents wants it.

import { autocompletion, completeFromList, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { sql } from "@codemirror/lang-sql";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Assist } from "./Code.svelte";

export interface Editor {
  show: (text: string) => void;
  mark: (marks: readonly { line: number; column?: number | undefined; text: string; isWarning?: boolean }[]) => void;
  focus: () => void;
  end: () => void;
}

const look = EditorView.theme({
  "&": { fontSize: "0.9rem", maxHeight: "70dvh", minHeight: "12rem", backgroundColor: "var(--surface)", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-scroller": { overflow: "auto", lineHeight: "1.6" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-3)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent) !important" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", border: "1px solid var(--line)", borderRadius: "6px", color: "var(--ink)" },
  ".cm-note": { padding: "6px 10px", maxWidth: "24rem" },
  ".cm-completionDetail": { fontStyle: "normal", color: "var(--ink-3)" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.bool, tags.null], color: "var(--accent-ink)", fontWeight: "600" },
  { tag: [tags.definition(tags.propertyName), tags.propertyName, tags.typeName], color: "color-mix(in srgb, var(--chart-2) 70%, var(--ink))" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: tags.number, color: "var(--warn)" },
  { tag: tags.comment, color: "var(--ink-3)", fontStyle: "italic" },
]);

function note(title: string, text: string): HTMLElement {
  const [dom, strong, rest] = [document.createElement("div"), document.createElement("strong"), document.createElement("div")];
  dom.className = "cm-note";
  strong.textContent = title;
  rest.textContent = text;
  dom.append(strong, rest);
  return dom;
}

/** Puts an editor into `parent`. */
export function edit(parent: HTMLElement, { text, language, readonly, label, words, assist, changed }: {
  text: string; language: "yaml" | "sql" | "json"; readonly: boolean; label: string; words: readonly string[]; assist?: Assist | undefined; changed: (text: string) => void;
}): Editor {
  const grammar: Extension = language === "sql" ? sql({ upperCaseKeywords: true }) : yaml();
  const suggested = words.length > 0 ? [EditorState.languageData.of(() => [{ autocomplete: completeFromList(words.map((word) => ({ label: word }))) }])] : [];
  const helped = assist ? [
    autocompletion({
      override: [(context) => {
        const found = assist.complete(context.state.doc.toString(), context.pos);
        if (!found || (!context.explicit && found.from === context.pos)) return null;
        return { from: found.from, options: [...found.options], validFor: /^[\w-]*$/ };
      }],
    }),
    hoverTooltip((now, at) => {
      const found = assist.hover(now.state.doc.toString(), at);
      return found && { pos: found.from, end: found.to, above: true, create: () => ({ dom: note(found.title, found.text) }) };
    }),
  ] : [autocompletion()];
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  parent.append(host);
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), lintGutter(), helped,
        // Tab goes on, so that nobody is caught here; Ctrl-] and Ctrl-[ indent.
        keymap.of([...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
        grammar, suggested, look, syntaxHighlighting(colours), EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
        EditorState.readOnly.of(readonly),
        EditorView.updateListener.of((update) => { if (update.docChanged) changed(update.state.doc.toString()); }),
      ],
    }),
  });
  return {
    show(wanted) {
      if (wanted !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: wanted } });
    },
    mark(marks) {
      const { doc } = view.state;
      view.dispatch(setDiagnostics(view.state, marks.map(({ line, column, text: message, isWarning }) => {
        const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
        const from = Math.min(at.from + Math.max((column ?? 1) - 1, 0), at.to);
        return { from, to: at.to, severity: isWarning ? "warning" as const : "error" as const, message };
      })));
    },
    focus: () => view.focus(),
    end() {
      view.destroy();
      host.remove();
    },
  };
}
