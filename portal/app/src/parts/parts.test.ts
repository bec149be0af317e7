import { render } from "@testing-library/svelte";
import { expect, test } from "vitest";
import Table from "./Table.svelte";
import TextField from "./TextField.svelte";

test("a field is tied to its label, its hint and its error", () => {
  const { getByLabelText, getByRole } = render(TextField, { label: "Name", hint: "Whole", error: "Too long", value: "x" });
  const input = getByLabelText("Name");
  expect(input.getAttribute("aria-invalid")).toBe("true");
  const said = (input.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent);
  expect(said).toEqual(["Whole", "Too long"]);
  expect(getByRole("alert").textContent).toBe("Too long");
});

test("of a hundred thousand rows a few are drawn, and each says which it is", () => {
  const items = Array.from({ length: 100_000 }, (_, at) => `p-${at}`);
  const { container } = render(Table, {
    label: "Players", items, keyOf: (item: unknown) => String(item), columns: [{ id: "id", title: "Id", text: (item: unknown) => String(item) }],
  });
  const rows = container.querySelectorAll("tbody tr.item");
  expect(rows.length).toBeLessThan(100);
  expect(rows[0]?.getAttribute("aria-rowindex")).toBe("2");
  expect(container.querySelector("table")?.getAttribute("aria-rowcount")).toBe("100001");
});
